import { describe, expect, it } from 'vitest'
import { parseRetryAfter } from '../../src/policies/retry-after.ts'

const NOW = Date.UTC(2026, 0, 1)
const at = (text: string) => {
  const ms = parseRetryAfter(text, NOW)
  return ms === undefined ? undefined : new Date(NOW + ms).toISOString()
}

describe('Retry-After', () => {
  it.each([
    ['120', '2026-01-01T00:02:00.000Z'],
    [' 0 ', '2026-01-01T00:00:00.000Z'],
    ['Fri, 06 Nov 2026 08:49:37 GMT', '2026-11-06T08:49:37.000Z'],
    ['Friday, 06-Nov-26 08:49:37 GMT', '2026-11-06T08:49:37.000Z'],
    ['Fri Nov  6 08:49:37 2026', '2026-11-06T08:49:37.000Z'],
  ])('is whole seconds or a date, in UTC: %s', (text, expected) => {
    expect(at(text)).toBe(expected)
  })

  it('takes a year of two digits for the one that is at most 50 years ahead', () => {
    expect(at('Saturday, 06-Nov-60 08:49:37 GMT')).toBe('2060-11-06T08:49:37.000Z')
    expect(parseRetryAfter('Sunday, 06-Nov-94 08:49:37 GMT', NOW)).toBe(0)
  })

  it('takes a date that has passed for now', () => {
    expect(parseRetryAfter('Sun, 06 Nov 1994 08:49:37 GMT', NOW)).toBe(0)
  })

  it.each([
    'after 45',
    'in 45',
    'sec=40',
    '1.5',
    '-1',
    '45 s',
    '120, 120',
    '',
    '\u0664\u0665',
    '2026-11-06T08:49:37Z',
    'Fri, 06 Nov 2026 08:49:37',
    'Fri, 06 Nov 2026 08:49:37 +0200',
    'Sun, 06 Nov 199 08:49:37 GMT',
    'Fri, 06-Nov 2026 08:49:37 GMT',
    'Fri, 06-Nov-2026 08:49:37 GMT',
    'Fri, 06 Nov 26 08:49:37 GMT',
    'Sat, 31 Feb 2026 00:00:00 GMT',
    'Sat, 00 Feb 2026 00:00:00 GMT',
    'Fri, 06 Nox 2026 08:49:37 GMT',
    'Fri, 06 Nov 2026 24:00:00 GMT',
  ])('that is neither is not there: %j', (text) => {
    expect(at(text)).toBeUndefined()
  })
})
