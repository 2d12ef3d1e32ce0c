import { describe, expect, it } from 'vitest'
import { fraction } from '../../src/core/limits.ts'
import { Script } from './script.ts'

const options = { failureLimit: fraction(900, 900) }

describe('a report', () => {
  it('counts in the generation that admitted its calls, and in no other', () => {
    const b = new Script({ failureLimit: fraction(2, 2) })
    const late = b.draft('1')
    b.fail(2)
    const { state } = b
    expect(b.send(late)).toBe('stale')
    expect(b.state).toBe(state)
    b.order({ command: 'close' })
    expect(b.send(late)).toBe('stale')
    expect(b.state).toMatchObject({ status: 'CLOSED', log: '' })
  })

  it('sent again counts nothing', () => {
    const b = new Script(options)
    const report = b.draft('01')
    expect([b.send(report), b.send(report)]).toEqual(['counted', 'duplicate'])
    expect(b.state).toMatchObject({ log: '01', version: 1 })
  })

  it('that tripped, sent again, is a repeat and not a result of a generation that is over', () => {
    const b = new Script()
    const report = b.draft('1')
    expect([b.send(report), b.send(report)]).toEqual(['counted', 'duplicate'])
    expect(b.lines).toHaveLength(1)
  })

  it('is known as a repeat for 127 writes more, and behind those cannot be told', () => {
    const b = new Script(options)
    const report = b.draft('1')
    b.send(report)
    for (let i = 0; i < 127; i++) b.succeed()
    expect(b.send(report)).toBe('duplicate')
    b.succeed()
    expect(b.send(report)).toBe('unknown')
    expect(b.state).toMatchObject({ version: 129, failureCount: 1 })
  })

  it('counts where what its sender saw is the oldest that is known, and not behind it', () => {
    const b = new Script(options)
    b.succeed()
    const [just, late] = [b.draft('1'), b.draft('1')]
    for (let i = 0; i < 127; i++) b.succeed()
    expect(b.send(just)).toBe('counted')
    expect(b.send(late)).toBe('unknown')
  })

  it('of a sender who saw no row cannot be told from a repeat once the ring is full', () => {
    const b = new Script(options)
    for (let i = 0; i < 127; i++) b.succeed()
    const early = { since: null }
    expect(b.report('1', early)).toBe('counted')
    expect(b.report('1', early)).toBe('unknown')
  })

  it('of a sender who saw a row that is gone cannot be told', () => {
    const b = new Script(options)
    expect(b.report('1', { since: 7 })).toBe('unknown')
    expect(b.state.version).toBe(0)
  })

  it('that counted nothing takes no place among those that are known', () => {
    const b = new Script(options)
    b.report('1', { generation: 7 })
    expect(b.state.flushIds).toEqual([])
  })

  it('leaves its settings and its id in the row', () => {
    const b = new Script(options)
    b.report('1', { flushId: -5 })
    expect(b.state).toMatchObject({ settings: b.settings, flushIds: [-5] })
  })
})
