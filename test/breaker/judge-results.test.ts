import { describe, expect, it, vi } from 'vitest'
import { type CircuitProtectorOptions, CircuitProtectorPolicy, fraction } from '../../src/index.ts'

/** How a breaker counts what a call returns. */
async function counted(value: unknown, options: CircuitProtectorOptions = {}) {
  const outcomes: string[] = []
  const breaker = new CircuitProtectorPolicy({
    failureLimit: fraction(5, 10),
    onOutcome: (_, { outcome }) => outcomes.push(outcome),
    onNotice: () => {},
    ...options,
  })
  expect(await breaker.execute(() => value)).toBe(value)
  return outcomes[0]
}

const failed = Object.freeze({ success: false, error: 'declined' })

describe('a returned object with success and error', () => {
  it('is a success where nobody asks for more', async () => {
    expect(await counted(failed)).toBe('success')
    expect(await counted(failed, { judgeResults: false })).toBe('success')
  })

  it.each([
    [failed, 'failure'],
    [{ success: false, error: null }, 'failure'],
    [Object.create({ success: false, error: 'inherited' }), 'failure'],
    [{ success: true, error: null }, 'success'],
    [{ success: true, error: 'a warning' }, 'success'],
    [{ success: false }, 'success'],
    [{ error: 'x' }, 'success'],
    [null, 'success'],
    ['text', 'success'],
    [() => {}, 'success'],
  ])('judged by them, %o is a %s', async (value, expected) => {
    expect(await counted(value, { judgeResults: true })).toBe(expected)
  })

  it('is a success where its error is not to be handled', async () => {
    const shouldHandle = vi.fn((error: unknown) => error !== 'declined')
    expect(await counted(failed, { judgeResults: true, shouldHandle })).toBe('success')
    expect(shouldHandle.mock.calls).toEqual([['declined']])
  })

  it('is what classify says, where that says anything', async () => {
    const classify = vi.fn((): 'ignored' | undefined => 'ignored')
    expect(await counted(failed, { judgeResults: true, classify })).toBe('ignored')
    classify.mockReturnValue(undefined)
    expect(await counted(failed, { judgeResults: true, classify })).toBe('failure')
  })

  it('is handed back where its fields throw, and counts as a success', async () => {
    const hostile = {
      get success() {
        throw new Error('no')
      },
      error: 'x',
    }
    expect(await counted(hostile, { judgeResults: true })).toBe('success')
  })

  it('opens the breaker', async () => {
    const breaker = new CircuitProtectorPolicy({
      judgeResults: true,
      failureLimit: fraction(2, 2),
    })
    for (let i = 0; i < 2; i++) await breaker.execute(() => failed)
    expect(breaker.status).toBe('OPEN')
  })

  it('cannot be asked for by anything but true', () => {
    expect(() => new CircuitProtectorPolicy({ judgeResults: 'yes' as never })).toThrow(
      'judgeResults must be true or false; got "yes"',
    )
  })
})
