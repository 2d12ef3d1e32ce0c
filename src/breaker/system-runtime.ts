import { checkFunctions } from '../core/checks.ts'
import { InvalidOptionError } from '../core/errors.ts'
import { randomShare, randomWord } from './chance.ts'
import { hookFailed, type OnNotice } from './notice.ts'
import type { Runtime } from './runtime.ts'

/**
 * The platform's own clocks, chance and timers. Each is looked up when it is used, so that a test
 * may install fake timers at any time.
 */
export const systemRuntime: Required<Runtime> = {
  now: () => Date.now(),
  random: randomShare,
  word: randomWord,
  after: sleep,
  monotonic: () => performance.now(),
}

/**
 * The system's, where none is given. Where a function of the given one throws, the system's stands
 * in for it, and `onNotice` is told once.
 * @throws {InvalidOptionError} naming the function that is missing
 */
export function resolveRuntime(
  runtime: Runtime | undefined,
  onNotice: OnNotice,
): Required<Runtime> {
  if (runtime === undefined) return systemRuntime
  if (typeof runtime !== 'object' || runtime === null)
    throw new InvalidOptionError('runtime', 'an object with now, random and after', runtime)
  for (const name of ['now', 'random', 'after'] as const)
    if (typeof runtime[name] !== 'function')
      throw new InvalidOptionError(`runtime.${name}`, 'a function', runtime[name])
  checkFunctions(runtime, ['monotonic', 'word'])
  let told = false
  const tryOr = <T>(name: string, own: () => T, instead: () => T): T => {
    try {
      return own()
    } catch (error) {
      if (!told) hookFailed(onNotice, `runtime.${name}`, error)
      told = true
      return instead()
    }
  }
  const now = () => tryOr('now', () => runtime.now(), systemRuntime.now)
  const { word, monotonic } = runtime
  return {
    now,
    random: () => tryOr('random', () => runtime.random(), randomShare),
    word: word ? () => tryOr('word', () => word.call(runtime), randomWord) : randomWord,
    after: (ms, unneeded) => {
      const own = () => runtime.after(ms, unneeded)
      return tryOr('after', own, () => sleep(ms, unneeded))
    },
    monotonic: monotonic
      ? () => tryOr('monotonic', () => monotonic.call(runtime), systemRuntime.monotonic)
      : now,
  }
}

/**
 * A timer of the runtime's, and no `AbortSignal.timeout`: somebody waits for what comes after, and
 * on Node and Bun that signal's timer lets the process end before. Only ever made within a call.
 */
function sleep(ms: number, unneeded?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      unneeded?.removeEventListener('abort', abort)
      resolve()
    }
    const abort = () => {
      clearTimeout(timer)
      reject(unneeded?.reason)
    }
    const timer = setTimeout(done, ms)
    unneeded?.addEventListener('abort', abort, { once: true })
  })
}
