const ASCTIME = /^\w{3} (\w{3}) ([ \d]\d) ([\d:]{8}) (\d{4})$/
const DATE = /^(?:\w+|-), ([ \d]\d)( \w{3} |-\w{3}-)(\d{4}|\d\d) ([\d:]{8}) GMT$/

/**
 * A date in one of the three forms of RFC 9110, section 5.6.7, all of which are in UTC: `Sun, 06
 * Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
 * @returns milliseconds since 1970; undefined where it is none
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  // `Date.parse` would read the last form, which names no zone, in the process's own.
  const [, day, month, year, time] = DATE.exec(text.replace(ASCTIME, '-, $2 $1 $4 $3 GMT')) ?? []
  if (day === undefined || (month![0] === '-') !== (year!.length === 2)) return undefined
  const thisYear = new Date(now).getUTCFullYear()
  let fullYear = Number(year)
  if (fullYear < 100) fullYear += thisYear - (thisYear % 100)
  // A year of two digits that seems to be more than 50 years ahead is the past.
  if (year!.length === 2 && fullYear > thisYear + 50) fullYear -= 100
  const at = Date.parse(`${day}${month} ${fullYear} ${time} GMT`.replaceAll('-', ' '))
  // A day that its month does not have, which `Date.parse` takes for one of the next.
  return new Date(at).getUTCDate() === Number(day) ? at : undefined
}
