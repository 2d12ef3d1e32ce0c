import { describe, expect, it } from 'vitest'
import { failureRate, fraction } from '../../src/core/limits.ts'
import { Script } from './script.ts'

describe('a closed breaker with a count window', () => {
  it('trips at the first failure unless told otherwise', () => {
    const b = new Script()
    expect(b.succeed(20)).toBe('counted')
    expect(b.state.status).toBe('CLOSED')
    expect(b.fail()).toBe('counted')
    expect(b.state).toMatchObject({
      status: 'OPEN',
      cause: 'failure_limit',
      opens: 1,
      openUntil: b.now + 30_000,
    })
    expect(b.lines).toEqual(['CLOSED > OPEN (failure_limit)'])
  })

  it('waits until its window is full', () => {
    const b = new Script({ failureLimit: fraction(5, 10) })
    b.fail(9)
    expect(b.state).toMatchObject({ status: 'CLOSED', failureCount: 9 })
    b.succeed()
    expect(b.state.status).toBe('CLOSED')
    b.fail()
    expect(b.state).toMatchObject({ status: 'OPEN', log: '11111111101' })
  })

  it('takes fraction(n, n) as n in a row', () => {
    const b = new Script({ failureLimit: fraction(3, 3) })
    for (let i = 0; i < 10; i++) b.report('110')
    expect(b.state.status).toBe('CLOSED')
    b.fail(3)
    expect(b.state.status).toBe('OPEN')
  })

  it('never trips on a success', () => {
    const b = new Script({ failureLimit: fraction(2, 3) })
    b.report('110')
    expect(b.state).toMatchObject({ status: 'CLOSED', failureCount: 2 })
    b.succeed(3)
    b.report('10')
    b.fail()
    expect(b.state).toMatchObject({ status: 'OPEN', failureCount: 2 })
  })

  it('drops what follows the tripping outcome', () => {
    const b = new Script({ failureLimit: fraction(2, 2) })
    b.report('01100')
    expect(b.state).toMatchObject({ status: 'OPEN', log: '011' })
  })

  it('keeps the newest 1,000 outcomes', () => {
    const b = new Script({ failureLimit: fraction(1_000, 1_000) })
    b.fail(999)
    b.succeed()
    b.fail(999)
    expect(b.state).toMatchObject({ status: 'CLOSED', failureCount: 999 })
    expect(b.state.log).toBe(`0${'1'.repeat(999)}`)
    b.fail()
    expect(b.state).toMatchObject({ status: 'OPEN', log: '1'.repeat(1_000) })
  })

  it('trips at once where the reporter says so, whatever the window holds', () => {
    const b = new Script({ failureLimit: fraction(9, 9), cooldown: '1m' })
    b.fail(1, { trip: true, retryAfterMs: 90_000 })
    expect(b.state).toMatchObject({
      status: 'OPEN',
      cause: 'retry_after',
      openUntil: b.now + 90_000,
      cooldownMs: 90_000,
    })
  })

  it('counts nothing of a report without outcomes, probes or rejections', () => {
    const b = new Script()
    const before = b.state
    expect(b.report('', { trip: true })).toBe('none')
    expect(b.state).toBe(before)
  })

  it('adds up what METRICS_ONLY would have rejected, whatever becomes of the outcomes', () => {
    const b = new Script()
    b.report('', { wouldReject: 2 })
    b.report('1', { wouldReject: 3, generation: 7 })
    expect(b.state).toMatchObject({ status: 'CLOSED', wouldReject: 5, log: '', version: 2 })
  })

  it('moves updatedAt where something visible changed, else at most hourly', () => {
    const b = new Script()
    b.succeed()
    const start = b.now
    b.pass('59m')
    b.report('', { wouldReject: 1 })
    expect(b.state.updatedAt).toBe(start)
    b.pass('1m')
    b.report('', { wouldReject: 1 })
    expect(b.state.updatedAt).toBe(b.now)
    b.pass(1)
    b.succeed()
    expect(b.state.updatedAt).toBe(b.now)
    b.stepBack('10s')
    b.report('', { wouldReject: 1 })
    expect(b.state.updatedAt).toBe(b.now)
  })
})

describe('a closed breaker with a failure rate', () => {
  const options = { failureLimit: failureRate(0.5, { over: '10s', minimumThroughput: 4 }) }

  it('trips where the rate is reached, not before the minimum throughput, and only on a failure', () => {
    const b = new Script(options)
    b.fail(3)
    expect(b.state).toMatchObject({ status: 'CLOSED', failureCount: 3 })
    b.succeed()
    expect(b.state.status).toBe('CLOSED')
    b.succeed(3)
    b.fail()
    expect(b.state).toMatchObject({ status: 'OPEN', cause: 'failure_rate', failureCount: 4 })
  })

  it('stays closed just below the rate', () => {
    const b = new Script({ failureLimit: failureRate(0.3, { over: '10s', minimumThroughput: 1 }) })
    b.succeed(7)
    b.fail(2)
    expect(b.state.status).toBe('CLOSED')
    b.fail()
    expect(b.state.status).toBe('OPEN')
  })

  it('forgets bucket by bucket', () => {
    const b = new Script(options)
    b.fail()
    b.pass('1s')
    b.fail(2)
    b.pass('9s')
    b.fail()
    expect(b.state).toMatchObject({ status: 'CLOSED', failureCount: 3 })
    b.pass('1s')
    b.succeed()
    expect(b.state).toMatchObject({ failureCount: 1 })
    b.pass('10s')
    b.succeed()
    expect(b.state).toMatchObject({ failureCount: 0 })
  })

  it('keeps the counts where the clock steps back a little, and starts anew where it stepped far back', () => {
    const b = new Script(options)
    b.fail(2)
    b.stepBack('9s')
    b.fail()
    expect(b.state).toMatchObject({ status: 'CLOSED', failureCount: 3 })
    b.stepBack('1s')
    b.fail()
    expect(b.state).toMatchObject({ status: 'CLOSED', failureCount: 1 })
  })

  it('keeps the bucket width that it has, whatever the next reporter asks for, until a window went by', () => {
    const b = new Script(options)
    b.fail()
    const wider = new Script({
      failureLimit: failureRate(0.5, { over: '1h', minimumThroughput: 4 }),
    }).settings
    b.pass('1s')
    b.report('1', { settings: wider })
    expect(b.state).toMatchObject({ buckets: { widthMs: 1_000 }, failureCount: 2 })
    b.pass('10s')
    b.report('1', { settings: wider })
    expect(b.state).toMatchObject({ buckets: { widthMs: 360_000 }, failureCount: 1 })
  })

  it('starts with an empty window once it closed again', () => {
    const b = new Script(options)
    b.fail(4)
    b.order({ command: 'close' })
    expect(b.state).toMatchObject({ status: 'CLOSED', buckets: null, log: '' })
    b.fail(3)
    expect(b.state.status).toBe('CLOSED')
  })
})
