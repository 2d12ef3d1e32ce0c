import { expect, it } from 'vitest'
import { within } from '../../src/breaker/runtime.ts'

it('lets go of its timer once what it waited for is there', async () => {
  let unneeded: AbortSignal | undefined
  const runtime = {
    now: () => 0,
    random: () => 0,
    after: (_: number, signal?: AbortSignal) => {
      unneeded = signal
      return new Promise<void>(() => {})
    },
  }
  let answer = (_: string) => {}
  const waiting = within(new Promise<string>((resolve) => (answer = resolve)), 5_000, runtime)
  while (unneeded === undefined) await undefined
  expect(unneeded.aborted).toBe(false)
  answer('here')
  expect(await waiting).toBe('here')
  expect(unneeded.aborted).toBe(true)
})
