import type { Context, Env } from 'hono'
import type { OnNotice } from '../breaker/notice.ts'
import { type CircuitProtectorOptions, OPTIONS, resolveOptions } from '../breaker/options.ts'
import { checkFunctions, checkKnown, type Names } from '../core/checks.ts'
import { checkedKey } from '../core/key.ts'
import { fraction } from '../core/limits.ts'
import type { ProtectedCallError } from '../core/rejection.ts'
import { proxyStatus, type RejectionOptions, trustedOrigins } from '../http/rejection.ts'
import { checkSource, isStorage, type StorageSource } from '../http/storage-source.ts'
import type { AnyEnv, UnknownEnv } from '../http/unknown-env.ts'

/**
 * Options of {@link circuitBreaker}: those of a breaker, and what Hono adds.
 *
 * `E` is the environment of the app, `{ Bindings, Variables }`, as in `new Hono<E>()`: with it the
 * compiler knows `c.env` and `c.var`.
 */
export interface CircuitBreakerOptions<E extends Env = UnknownEnv>
  extends Omit<CircuitProtectorOptions, 'resourceKey' | 'storage'>,
    RejectionOptions {
  /**
   * What is protected, 1 to 255 characters; or a function of the request: its route pattern,
   * upstream host, or tenant. Where the function fails or its key cannot be one, the request runs
   * unprotected, and `onNotice` is told.
   */
  readonly resourceKey: string | ((c: Context<E>) => string)
  /**
   * A storage; a function that makes one, called once per isolate; or `{ key, create }` where there
   * are several databases. Where none can be made, the request runs unprotected, and `onNotice` is
   * told. Default: none: each breaker keeps its own state, for this isolate alone.
   */
  readonly storage?: StorageSource<Context<E>> | undefined
  /**
   * Is the answer in `c.res` a failure? Asked once the handler is done; `c.error` is what it threw,
   * if anything. Default: a status of 500 and more is.
   */
  readonly isFailure?: ((c: Context<E>) => boolean) | undefined
  /**
   * Answers a request that the breaker rejects. Without it, or where it returns nothing, the answer
   * is a 503.
   */
  readonly fallback?:
    | ((
        c: Context<E>,
        rejection: ProtectedCallError,
      ) => Response | undefined | Promise<Response | undefined>)
    | undefined
  /** Lets a request pass beside the breaker. Default: none. */
  readonly skip?: ((c: Context<E>) => boolean) | undefined
  /**
   * How many breakers of a computed `resourceKey` are kept, 1 to 100,000; the least recently used
   * makes room, and is forgotten where there is no storage. Default 1,000.
   */
  readonly maxBreakers?: number | undefined
  /**
   * How many different computed keys this isolate may keep breakers of in one storage within a day,
   * 1 to 100,000; all who are given that storage count together. Each key leaves a row, which stays
   * until `prune` deletes it. The breakers of further keys live in the memory of this isolate
   * alone, and `onNotice` is told once. Default 1,000, or `maxBreakers` where that is more.
   */
  readonly maxKeys?: number | undefined
  /**
   * Origins such as `https://api.example.com` whose rejections are believed, and so are no
   * failures. Default: none.
   */
  readonly trustRejectionsFrom?: readonly string[] | undefined
}

export interface ResolvedOptions {
  readonly resourceKey: string | ((c: Context) => string)
  readonly storage: StorageSource<Context> | undefined
  readonly maxBreakers: number | undefined
  readonly maxKeys: number | undefined
  readonly trusted: ReadonlySet<string>
  readonly onNotice: OnNotice
  /** The breakers' clock. */
  readonly now: () => number
  /** What every breaker of this middleware is made with. */
  readonly policy: CircuitProtectorOptions
}

const KNOWN: Names<CircuitBreakerOptions> = {
  ...OPTIONS,
  isFailure: 1,
  fallback: 1,
  skip: 1,
  maxBreakers: 1,
  maxKeys: 1,
  trustRejectionsFrom: 1,
  exposeNames: 1,
  gateway: 1,
}

/** @throws {InvalidOptionError} naming the option, its range and the value */
export function resolve(options: CircuitBreakerOptions<AnyEnv>): ResolvedOptions {
  checkKnown(options, KNOWN)
  const {
    resourceKey,
    storage,
    maxBreakers,
    maxKeys,
    trustRejectionsFrom,
    gateway,
    ...policyAndOwn
  } = options
  const { isFailure, fallback, skip, exposeNames, ...rest } = policyAndOwn
  if (typeof resourceKey !== 'function') checkedKey('resourceKey', resourceKey)
  checkFunctions(options, ['isFailure', 'fallback', 'skip'])
  if (gateway !== undefined) proxyStatus(gateway)
  if (storage !== undefined) checkSource(storage)
  // A visitor's bad luck should not stop everybody else: a single failure, the breaker's own
  // default, does not trip here.
  const policy = { ...rest, failureLimit: rest.failureLimit ?? fraction(5, 10) }
  const resolved = resolveOptions({
    ...policy,
    ...(storage !== undefined && isStorage(storage) && { storage }),
    resourceKey: 'checked above',
  })
  return {
    resourceKey,
    storage: storage ?? resolved.storage,
    maxBreakers,
    maxKeys,
    trusted: trustedOrigins(trustRejectionsFrom),
    onNotice: resolved.onNotice,
    now: resolved.runtime.now,
    policy,
  }
}
