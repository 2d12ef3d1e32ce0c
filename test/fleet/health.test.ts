import { beforeEach, describe, expect, it } from 'vitest'
import { type Change, Health } from '../../src/fleet/health.ts'

let now: number
let health: Health
beforeEach(() => {
  now = 0
  health = new Health({ now: () => now, random: () => 0.5, after: () => new Promise(() => {}) })
})

/** Lets the pause pass, in steps of 100 ms. @returns how long it was */
function pause(): number {
  const from = now
  while (!health.mayAsk(now)) now += 100
  return now - from
}

const loseRead = (): Change => health.failed(now, false)
const loseWrite = (): Change => health.failed(now, true)
const read = (): Change => health.answered(false)
const write = (): Change => health.answered(true)
/** A report is answered, and there was nothing to write. */
const reportInVain = (): Change => health.answered(false, true)

/** The pauses that such failures bring about, one after the other. */
const pauses = (times: number, fails: () => void): number[] =>
  Array.from({ length: times }, () => {
    fails()
    return pause()
  })

describe('the pause after a failure', () => {
  it('doubles up to half a minute while nothing answers', () => {
    expect(pauses(7, loseRead)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  })

  it('doubles while reads work and no write does', () => {
    const readsAlone = () => {
      loseWrite()
      read()
    }
    expect(pauses(6, readsAlone)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000])
  })

  it('stays short where reads are lost one at a time, also while a write is still to be tried', () => {
    loseWrite()
    expect(pause()).toBe(1_000)
    const loseOneOfTwo = () => {
      read()
      loseRead()
    }
    expect(pauses(5, loseOneOfTwo)).toEqual([1_000, 1_000, 1_000, 1_000, 1_000])
  })

  it('stays short where writes are lost one at a time', () => {
    const loseOneOfTwo = () => {
      write()
      loseWrite()
    }
    expect(pauses(4, loseOneOfTwo)).toEqual([1_000, 1_000, 1_000, 1_000])
  })

  it('stays short where a report between two lost ones found nothing to write', () => {
    const loseOneOfTwo = () => {
      read()
      reportInVain()
      loseWrite()
    }
    expect(pauses(5, loseOneOfTwo)).toEqual([1_000, 1_000, 1_000, 1_000, 1_000])
  })
})

describe('a storage that failed to write', () => {
  it('is used once it reads, and has recovered once it writes', () => {
    expect(loseWrite()).toBe('degraded')
    expect(health.degraded).toBe(true)
    pause()
    expect(read()).toBe('resumed')
    expect(health).toMatchObject({ degraded: false, needsWrite: true })
    expect(reportInVain()).toBeUndefined()
    expect(health.needsWrite).toBe(true)
    expect(write()).toBe('recovered')
    expect(health).toMatchObject({ degraded: false, needsWrite: false })
  })

  it('has to write also where only a read failed before, and the write within its pause', () => {
    loseRead()
    loseWrite()
    pause()
    expect(read()).toBe('resumed')
    expect(health.needsWrite).toBe(true)
  })

  it('fails again where anything fails before that', () => {
    loseWrite()
    pause()
    read()
    expect(loseRead()).toBe('degraded again')
    expect(health.degraded).toBe(true)
  })
})
