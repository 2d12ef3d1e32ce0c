const MONTHS = 'janfebmaraprmayjunjulaugsepoctnovdec'

/** RFC 9110's three: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`. */
const FORMS = [
  /^[a-z]{3}, (?<day>\d\d) (?<month>[a-z]{3}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) gmt$/i,
  /^[a-z]{6,9}, (?<day>\d\d)-(?<month>[a-z]{3})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) gmt$/i,
  /^[a-z]{3} (?<month>[a-z]{3}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/i,
]

/** A date of HTTP's, always UTC, in milliseconds since 1970. Undefined where it is none. */
export function parseHttpDate(text: string, now: number): number | undefined {
  const found = FORMS.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined)
  if (found === undefined) return undefined
  const at = MONTHS.indexOf(found['month']!.toLowerCase())
  const [day, hour, minute, second] = [found['day']!, ...found['time']!.split(':')].map(Number)
  if (at < 0 || at % 3 !== 0 || hour! > 23 || minute! > 59 || second! > 60) return undefined
  const inYear = (year: number) => Date.UTC(year, at / 3, day, hour, minute, second)
  const isDay = (ms: number) => day! > 0 && new Date(ms - second! * 1_000).getUTCDate() === day
  let year = Number(found['year'])
  if (found['year']!.length === 2) {
    const thisYear = new Date(now).getUTCFullYear()
    year += thisYear - (thisYear % 100)
    // More than 50 years ahead, as it appears, is the past.
    if (inYear(year) > Date.UTC(thisYear + 50, 11, 31)) year -= 100
  }
  const ms = inYear(year)
  return isDay(ms) ? ms : undefined
}
