import type { Context } from 'hono'
import { InvalidOptionError, isOwnError } from '../core/errors.ts'
import { checkedKey } from '../core/key.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { BreakerId, StorageCallOptions } from '../fleet/admin.ts'
import type { CircuitStorage, Exchanged } from '../fleet/port.ts'
import { storageFrom } from '../http/storage-source.ts'
import { actorOf } from './auth.ts'
import type { parseCommand } from './command.ts'
import type { Dashboard } from './options.ts'

/** The storage failed; its own words are the cause, and are not for visitors. */
export class StorageFailure extends Error {
  override readonly name = 'StorageFailure'
}

/**
 * @throws {StorageFailure} where the storage cannot be made or does not answer;
 * {InvalidOptionError} where the request does not fit
 */
export async function ask<T>(
  c: Context,
  { storage, storageTimeoutMs }: Dashboard,
  run: (storage: CircuitStorage, options: StorageCallOptions) => Promise<T>,
): Promise<T> {
  const failure = (cause: unknown) => new StorageFailure('the storage failed', { cause })
  let made: CircuitStorage
  try {
    made = storageFrom(storage, c)
  } catch (error) {
    throw failure(error)
  }
  try {
    return await run(made, { signal: AbortSignal.timeout(storageTimeoutMs) })
  } catch (error) {
    throw isOwnError(error, 'INVALID_OPTION') ? error : failure(error)
  }
}

/** Reads one breaker; null where nobody ever reported to it or gave it an order. */
export async function readAnswer(
  id: BreakerId,
  storage: CircuitStorage,
  options: StorageCallOptions,
): Promise<Exchanged | null> {
  const [answer] = await storage.exchange([id], options)
  const { version, generation } = answer!.snapshot
  return version === 0 && generation === 0 ? null : answer!
}

export async function read(...args: Parameters<typeof readAnswer>): Promise<Snapshot | null> {
  return (await readAnswer(...args))?.snapshot ?? null
}

/** Gives an operator's order, in the name of whoever sent it. */
export async function give(
  c: Context,
  dashboard: Dashboard,
  id: BreakerId,
  { command, order, reason }: ReturnType<typeof parseCommand>,
): Promise<Snapshot> {
  const actor = actorOf(c, dashboard.actor)
  return ask(c, dashboard, async (storage, options) => {
    const settings =
      command === 'open' ? ((await read(id, storage, options))?.settings ?? null) : null
    const answer = await storage.control(
      { ...id, command: { order: order(settings), actor, reason } },
      options,
    )
    return answer.snapshot
  })
}

/** Removes one breaker, in the name of whoever asked for it; false where there is none. */
export async function remove(
  c: Context,
  dashboard: Dashboard,
  id: BreakerId,
  reason: string | undefined,
): Promise<boolean> {
  const actor = actorOf(c, dashboard.actor)
  const why = reason ? checkedKey('reason', reason) : null
  return ask(c, dashboard, async (storage, options) => {
    if (storage.remove === undefined)
      throw new InvalidOptionError('storage', 'one that can remove a breaker', storage)
    return storage.remove({ ...id, actor, reason: why }, options)
  })
}
