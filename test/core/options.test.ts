import { describe, expect, it } from 'vitest'
import { formatDuration, toMilliseconds } from '../../src/core/duration.ts'
import { InvalidOptionError } from '../../src/core/errors.ts'
import { checkedKey } from '../../src/core/key.ts'
import { failureRate, fraction } from '../../src/core/limits.ts'
import { cooldownAfter, resolveSettings } from '../../src/core/settings.ts'

/** What JavaScript may hand over. */
const any = (value: unknown) => value as never
const FRACTION = 'k of n in whole numbers with 1 <= k <= n <= 1000'
const UP_TO_A_DAY = "a duration from 1ms to 1d, as milliseconds or '500ms', '60s', '5m', '1h'"
const UP_TO_AN_HOUR = "a duration from 1s to 1h, as milliseconds or '500ms', '60s', '5m', '1h'"
const of = (numerator: unknown, denominator: unknown) => () =>
  fraction(any(numerator), any(denominator))
const settings = (options: object) => () => resolveSettings(options)
const rate =
  (value: unknown, options: unknown = { over: '1m' }) =>
  () =>
    failureRate(any(value), any(options))
const key = (value: unknown) => () => checkedKey('resourceKey', value)

describe.each([
  {
    option: 'fraction(numerator, denominator)',
    range: FRACTION,
    wrong: [
      [of(0, 5), '"0/5"'],
      [of(6, 5), '"6/5"'],
      [of(1.5, 3), '"1.5/3"'],
      [of(Number.NaN, 3), '"NaN/3"'],
      [of(1, Number.NaN), '"1/NaN"'],
      [of(-1, 3), '"-1/3"'],
      [of(1, Number.POSITIVE_INFINITY), '"1/Infinity"'],
      [of(1, 1_001), '"1/1001"'],
      [of(1, undefined), '"1/undefined"'],
      [of('1', '2'), '"1/2"'],
    ],
  },
  {
    option: 'failureLimit',
    range: FRACTION,
    wrong: [
      [settings({ failureLimit: { numerator: 0, denominator: 5 } }), '"0/5"'],
      [settings({ failureLimit: 5 }), '5'],
      [settings({ failureLimit: '5/10' }), '"5/10"'],
      [settings({ failureLimit: {} }), 'an object'],
    ],
  },
  {
    option: 'successLimit',
    range: FRACTION,
    wrong: [
      [settings({ successLimit: { numerator: 6, denominator: 5 } }), '"6/5"'],
      [settings({ successLimit: 0.5 }), '0.5'],
      [settings({ successLimit: null }), 'null'],
    ],
  },
  {
    option: 'failureRate rate',
    range: 'a number above 0 and up to 1',
    wrong: [
      [rate(0), '0'],
      [rate(1.01), '1.01'],
      [rate(Number.NaN), 'NaN'],
      [rate('0.5'), '"0.5"'],
      [rate(undefined), 'undefined'],
      [settings({ failureLimit: { rate: 7, over: 1_000, minimumThroughput: 1 } }), '7'],
    ],
  },
  {
    option: 'failureRate over',
    range: UP_TO_AN_HOUR,
    wrong: [
      [rate(0.5, { over: 999 }), '999'],
      [rate(0.5, { over: '61m' }), '"61m"'],
      [rate(0.5, {}), 'undefined'],
      [rate(0.5, null), 'undefined'],
      [rate(0.5, { over: 'soon' }), '"soon"'],
    ],
  },
  {
    option: 'failureRate minimumThroughput',
    range: 'a whole number from 1 to 1000000',
    wrong: [
      [rate(0.5, { over: '1m', minimumThroughput: 0 }), '0'],
      [rate(0.5, { over: '1m', minimumThroughput: 1.5 }), '1.5'],
      [rate(0.5, { over: '1m', minimumThroughput: 1_000_001 }), '1000001'],
      [rate(0.5, { over: '1m', minimumThroughput: '9' }), '"9"'],
    ],
  },
  {
    option: 'cooldown',
    range: UP_TO_A_DAY,
    wrong: [
      [settings({ cooldown: 0 }), '0'],
      [settings({ cooldown: 0.9 }), '0.9'],
      [settings({ cooldown: -1 }), '-1'],
      [settings({ cooldown: '25h' }), '"25h"'],
      [settings({ cooldown: Number.NaN }), 'NaN'],
      [settings({ cooldown: Number.POSITIVE_INFINITY }), 'Infinity'],
      [settings({ cooldown: '5 s' }), '"5 s"'],
      [settings({ cooldown: '5' }), '"5"'],
      [settings({ cooldown: '5S' }), '"5S"'],
      [settings({ cooldown: '1e3s' }), '"1e3s"'],
      [settings({ cooldown: '' }), '""'],
      [settings({ cooldown: '5sec' }), '"5sec"'],
      [settings({ cooldown: '-5s' }), '"-5s"'],
      [settings({ cooldown: [5] }), 'an array'],
      [settings({ cooldown: 5n }), '5'],
    ],
  },
  {
    option: 'cooldown(1)',
    range: UP_TO_A_DAY,
    wrong: [
      [settings({ cooldown: () => 0 }), '0'],
      [settings({ cooldown: async () => 5 }), 'an object'],
    ],
  },
  {
    option: 'cooldown(16)',
    range: UP_TO_A_DAY,
    wrong: [[settings({ cooldown: (opens: number) => (opens < 16 ? '1s' : 'long') }), '"long"']],
  },
  {
    option: 'probeLease',
    range: UP_TO_A_DAY,
    wrong: [
      [settings({ probeLease: 0 }), '0'],
      [settings({ probeLease: '2d' }), '"2d"'],
    ],
  },
  {
    option: 'probeConcurrency',
    range: 'a whole number from 1 to the half-open window (5)',
    wrong: [
      ...[0, 6, 1.5, Number.NaN].map(
        (value) =>
          [
            settings({ successLimit: fraction(3, 5), probeConcurrency: value }),
            `${value}`,
          ] as const,
      ),
      [settings({ failureLimit: fraction(2, 5), probeConcurrency: '2' }), '"2"'],
    ],
  },
  {
    option: 'resourceKey',
    range: '1 to 255 characters long',
    wrong: [
      [key(''), '""'],
      [key('k'.repeat(256)), `"${'k'.repeat(40)}…"`],
      [key('🔌'.repeat(256)), `"${'🔌'.repeat(20)}…"`],
      [key('k'.repeat(100_000)), `"${'k'.repeat(40)}…"`],
    ],
  },
  { option: 'resourceKey', range: 'free of U+0000', wrong: [[key('a\u0000b'), '"a\\u0000b"']] },
  {
    option: 'resourceKey',
    range: 'well-formed Unicode, without lone surrogates',
    wrong: [
      [key('a\ud83d'), '"a\\ud83d"'],
      [key('\udd0cb'), '"\\udd0cb"'],
      [key('\udd0c\ud83d'), '"\\udd0c\\ud83d"'],
    ],
  },
  {
    option: 'resourceKey',
    range: 'a string',
    wrong: [
      [key(undefined), 'undefined'],
      [key(7), '7'],
      [key(() => 'k'), 'a function'],
      [key(Symbol('k')), 'Symbol(k)'],
    ],
  },
] satisfies { option: string; range: string; wrong: (readonly [() => unknown, string])[] }[])(
  '$option',
  ({ option, range, wrong }) => {
    it.each(wrong.map(([make, got]) => ({ make, got })))(
      `must be ${range}: not $got`,
      ({ make, got }) => {
        let thrown: unknown
        try {
          make()
        } catch (error) {
          thrown = error
        }
        expect(thrown).toBeInstanceOf(InvalidOptionError)
        expect(thrown).toBeInstanceOf(RangeError)
        expect(thrown).toMatchObject({
          name: 'InvalidOptionError',
          code: 'INVALID_OPTION',
          option,
          message: `${option} must be ${range}; got ${got}`,
        })
      },
    )
  },
)

describe('what is within its range', () => {
  it.each([
    'k',
    'k'.repeat(255),
    '🔌'.repeat(255),
    `a${'🔌'.repeat(254)}`,
    ' ',
    '\n',
    'ключ/鍵?"\'\\',
  ])('%j is a key', (value) => {
    expect(checkedKey('resourceKey', value)).toBe(value)
  })

  it('is taken at both ends', () => {
    expect(fraction(1, 1_000)).toEqual({ numerator: 1, denominator: 1_000 })
    expect(fraction(1_000, 1_000)).toEqual({ numerator: 1_000, denominator: 1_000 })
    expect(failureRate(1, { over: '1s', minimumThroughput: 1 })).toEqual({
      rate: 1,
      over: 1_000,
      minimumThroughput: 1,
    })
    expect(failureRate(0.001, { over: '1h', minimumThroughput: 1_000_000 }).over).toBe(3_600_000)
    expect(resolveSettings({ cooldown: 1, probeLease: '24h' })).toMatchObject({
      cooldownMs: [1],
      probeLeaseMs: 86_400_000,
    })
    expect(resolveSettings({ cooldown: '1d' }).cooldownMs).toEqual([86_400_000])
  })
})

describe('durations', () => {
  it.each([
    [250, 250, '250ms'],
    ['500ms', 500, '500ms'],
    ['60s', 60_000, '1m'],
    ['1.5s', 1_500, '1500ms'],
    ['5m', 300_000, '5m'],
    ['1h', 3_600_000, '1h'],
    ['90s', 90_000, '90s'],
    ['30d', 2_592_000_000, '30d'],
    [1.4, 1, '1ms'],
    ['0.0005s', 1, '1ms'],
  ])('%j is %d ms, written %j', (value, ms, text) => {
    expect(toMilliseconds('d', value, { min: 0, max: 1e12 })).toBe(ms)
    expect(formatDuration(ms)).toBe(text)
  })
})

describe('settings', () => {
  it('have the defaults that they document', () => {
    expect(resolveSettings({})).toEqual({
      trip: { failures: 1, outOf: 1 },
      probes: 1,
      successes: 1,
      probeConcurrency: 1,
      probeLeaseMs: 30_000,
      reporters: 2,
      cooldownMs: [30_000],
    })
    expect(failureRate(0.5, { over: '1m' }).minimumThroughput).toBe(10)
  })

  it('take the half-open window from the success limit, else from the failure limit, else it is one probe', () => {
    const window = (options: Parameters<typeof resolveSettings>[0]) => {
      const { probes, successes, probeConcurrency } = resolveSettings(options)
      return [probes, successes, probeConcurrency]
    }
    expect(window({ failureLimit: fraction(5, 10), successLimit: fraction(2, 3) })).toEqual([
      3, 2, 3,
    ])
    expect(window({ failureLimit: fraction(4, 10) })).toEqual([10, 7, 10])
    expect(window({ failureLimit: failureRate(0.5, { over: '1m' }) })).toEqual([1, 1, 1])
    expect(window({ failureLimit: fraction(4, 10), probeConcurrency: 2 })).toEqual([10, 7, 2])
  })

  it('ask a cooldown function for 1 to 16 opens, once, at construction', () => {
    const asked: number[] = []
    const { cooldownMs } = resolveSettings({
      cooldown: (opens) => {
        asked.push(opens)
        return `${opens}s`
      },
    })
    expect(asked).toEqual(Array.from({ length: 16 }, (_, i) => i + 1))
    expect(cooldownMs.slice(0, 3)).toEqual([1_000, 2_000, 3_000])
    expect(
      [1, 16, 17, 99].map((opens) => cooldownAfter(resolveSettings({ cooldown: (n) => n }), opens)),
    ).toEqual([1, 16, 16, 16])
  })

  it('cut a window into ten buckets', () => {
    expect(resolveSettings({ failureLimit: failureRate(0.5, { over: 10_001 }) }).trip).toEqual({
      rate: 0.5,
      minimum: 10,
      bucketMs: 1_001,
    })
  })

  it('cannot be changed', () => {
    const made = resolveSettings({})
    for (const part of [
      made,
      made.trip,
      made.cooldownMs,
      fraction(1, 2),
      failureRate(1, { over: '1m' }),
    ])
      expect(Object.isFrozen(part)).toBe(true)
  })
})
