import type { LineSource } from '../breaker/line.ts'
import { type CircuitProtectorOptions, OPTIONS, resolveOptions } from '../breaker/options.ts'
import type { Runtime } from '../breaker/runtime.ts'
import { checkFunctions, checkKnown, type Names } from '../core/checks.ts'
import { type Duration, toMilliseconds } from '../core/duration.ts'
import { fraction } from '../core/limits.ts'
import type { ProtectedCallError } from '../core/rejection.ts'
import { DAY_MS } from '../core/settings.ts'
import { trustedOrigins } from '../http/rejection.ts'

/** `fetch`, in whatever dialect: the platform's own, with its own types, or a function like it. */
export type FetchFunction = (input: never, init?: never) => Promise<Response>

/** What a key is made of. It has no body: looking at a request must not consume it. */
export interface FetchRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
}

/** Options of {@link protectFetch}: those of a breaker, and what `fetch` adds. */
export interface ProtectFetchOptions
  extends Omit<CircuitProtectorOptions, 'resourceKey' | 'shouldHandle' | 'classify'> {
  /**
   * Which breaker a request belongs to, 1 to 255 characters; undefined: to none. Where it throws,
   * or its key cannot be one, the request runs unprotected, and `onNotice` is told. Default: the
   * host, with its port where it is not the scheme's own.
   */
  readonly key?: ((request: FetchRequest) => string | undefined) | undefined
  /**
   * Is this response, or this error that `fetch` rejected with, a failure? Not asked where the
   * caller gave up, nor about a breaker's own rejection. Default: every error, a timeout among
   * them, and a status of 429 or of 500 and more.
   */
  readonly isFailure?: ((result: Response | Error) => boolean) | undefined
  /**
   * Answers a request that the breaker rejects: {@link rejectionResponse} does it with a 503 and
   * `Retry-After`. Default: it rejects with the `ProtectedCallError`, as `fetch` does where there
   * is no response.
   */
  readonly fallback?: ((rejection: ProtectedCallError) => Response | Promise<Response>) | undefined
  /**
   * How long a request may take until its headers are here, 1 ms to 24 h; it then fails with a
   * `CallTimeoutError`. The body may take longer. Default: no end.
   */
  readonly timeout?: Duration | undefined
  /**
   * How many breakers are kept, 1 to 100,000; the least recently used makes room, and is forgotten
   * where there is no storage. Default 1,000.
   */
  readonly maxBreakers?: number | undefined
  /**
   * How many different keys this isolate may keep breakers of in one storage within a day, 1 to
   * 100,000; all who are given that storage count together. Each key leaves a row, which stays
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
  readonly storage: LineSource | undefined
  readonly timeoutMs: number | undefined
  readonly runtime: Runtime
  readonly trusted: ReadonlySet<string>
  /** What every breaker is made with. */
  readonly policy: CircuitProtectorOptions
}

const { resourceKey, shouldHandle, classify, ...OF_BREAKERS } = OPTIONS
const KNOWN: Names<ProtectFetchOptions> = {
  ...OF_BREAKERS,
  key: 1,
  isFailure: 1,
  fallback: 1,
  maxBreakers: 1,
  maxKeys: 1,
  trustRejectionsFrom: 1,
}

/** @throws {InvalidOptionError} naming the option, its range and the value */
export function resolve(options: ProtectFetchOptions): ResolvedOptions {
  checkKnown(options, KNOWN)
  const { key, isFailure, fallback, timeout, maxBreakers, maxKeys, trustRejectionsFrom, ...rest } =
    options
  checkFunctions(options, ['key', 'isFailure', 'fallback'])
  // One request's bad luck should not stop all: a single failure, the breaker's own default, does
  // not trip here.
  const policy = { ...rest, failureLimit: rest.failureLimit ?? fraction(5, 10) }
  const { storage, runtime } = resolveOptions({ ...policy, resourceKey: 'computed' })
  return {
    storage,
    runtime,
    timeoutMs:
      timeout === undefined
        ? undefined
        : toMilliseconds('timeout', timeout, { min: 1, max: DAY_MS }),
    trusted: trustedOrigins(trustRejectionsFrom),
    policy,
  }
}
