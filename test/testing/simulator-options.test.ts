import { describe, expect, it } from 'vitest'
import { type SimulationOptions, simulate } from '../../src/testing/simulator/index.ts'

const phase = { name: 'healthy', fromMs: 0, failures: 0 }
const group = { isolates: 1, callsPerSecond: 1 }
const GOOD: SimulationOptions = {
  durationMs: 1_000,
  fleet: [group],
  dependency: [phase],
  breaker: {},
}

const storage = (options: object) => ({ storage: options })
const fleet = (options: object) => ({ fleet: [group, { ...group, ...options }] })
const dependency = (...phases: object[]) => ({ dependency: phases })

/** By the option that the error names: what is wrong, and a word of what it should be. */
const BAD: readonly [option: string, options: object, expected: string][] = [
  ['seed', { seed: -1 }, 'whole number from 0'],
  ['seed', { seed: 0.5 }, 'whole number'],
  ['durationMs', { durationMs: 0 }, 'from 1 to 86400000'],
  ['durationMs', { durationMs: Number.POSITIVE_INFINITY }, 'from 1 to 86400000'],
  ['fleet', { fleet: [] }, 'at least one group'],
  ['fleet', { fleet: group }, 'a list'],
  ['fleet[0]', { fleet: [null] }, 'an object'],
  ['isolate', fleet({ isolate: 1 }), 'did you mean isolates?'],
  ['fleet[1].name', fleet({ name: 1 }), 'a string'],
  ['fleet[1].isolates', fleet({ isolates: 1.5 }), 'from 1 to 1000000'],
  ['fleet[1].isolates', fleet({ isolates: 0 }), 'from 1'],
  ['fleet[1].callsPerSecond', fleet({ callsPerSecond: 0 }), 'above 0'],
  ['fleet[1].callsPerSecond', fleet({ callsPerSecond: Number.NaN }), 'above 0'],
  ['fleet[1].callsPerSecond', fleet({ callsPerSecond: 1e9 }), 'up to 100000'],
  ['fleet[1].arrivals', fleet({ arrivals: 'even' }), "'random' or 'regular'"],
  ['fleet[1].callsPerLife', fleet({ callsPerLife: 0 }), 'from 1'],
  ['fleet[1].dependency', fleet({ dependency: [] }), 'at least one phase'],
  ['fleet[1].dependency[0].fromMs', fleet({ dependency: [{ ...phase, fromMs: 1_000 }] }), '0'],
  ['dependency', { dependency: undefined }, 'at least one phase'],
  ['failure', dependency({ ...phase, failure: 1 }), 'did you mean failures?'],
  ['dependency[0].name', dependency({ ...phase, name: undefined }), 'a string'],
  ['dependency[1].fromMs', dependency(phase, { ...phase, fromMs: 0 }), 'after the phase before'],
  ['dependency[1].fromMs', dependency(phase, { ...phase, fromMs: 500 }), 'whole second'],
  ['dependency[0].failures', dependency({ ...phase, failures: 1.1 }), 'from 0 to 1'],
  ['dependency[0].failures', dependency({ ...phase, failures: '1' }), 'from 0 to 1'],
  ['dependency[0].latency.min', dependency({ ...phase, latency: { min: -1, mean: 1 } }), 'from 0'],
  ['dependency[0].latency.mean', dependency({ ...phase, latency: { min: 2, mean: 1 } }), 'min, 2'],
  ['breaker', { breaker: undefined }, 'an object'],
  ['storage', { breaker: { storage: null } }, 'is no option'],
  ['runtime', { breaker: { runtime: {} } }, 'is no option'],
  ['failureLimits', { breaker: { failureLimits: 1 } }, 'did you mean failureLimit?'],
  ['failureLimit', { breaker: { failureLimit: 5 } }, 'k of n'],
  ['storage', { storage: 1 }, 'an object'],
  ['timeout', storage({ timeout: 1 }), 'did you mean timeouts?'],
  ['storage.latency.mean', storage({ latency: { min: 1 } }), 'milliseconds'],
  ['storage.writeMs', storage({ writeMs: -1 }), 'milliseconds from 0'],
  ['storage.timeouts', storage({ timeouts: 2 }), 'from 0 to 1'],
  ['storage.lostAnswers', storage({ timeouts: 0.6, lostAnswers: 0.6 }), '1 less timeouts'],
  ['storage.outages', storage({ outages: { fromMs: 0, untilMs: 1 } }), 'a list'],
  ['storage.outages[0].untilMs', storage({ outages: [{ fromMs: 0 }] }), 'milliseconds'],
  ['storage.rewind.byMs', storage({ rewind: { atMs: 1 } }), 'milliseconds'],
]

describe("a simulation's options", () => {
  it.each(BAD)(
    '%s out of its range is refused before anything runs: %j',
    (option, bad, expected) => {
      const run = () => simulate({ ...GOOD, ...bad } as SimulationOptions)
      expect(run).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', option }))
      expect(run).toThrow(expected)
    },
  )

  it('say what the breaker tells to hooks of its own, too', async () => {
    const told = new Set<string>()
    await simulate({
      ...GOOD,
      durationMs: 5_000,
      storage: { outages: [{ fromMs: 0, untilMs: 5_000 }] },
      breaker: {
        failureLimit: { numerator: 5, denominator: 10 },
        maxBuffered: 1,
        onNotice: ({ code }) => told.add(code),
        onDropped: (_, { why }) => told.add(why),
      },
    })
    expect([...told].sort()).toEqual(['STORAGE_FAILED', 'overflow'])
  })
})
