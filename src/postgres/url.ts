import { InvalidOptionError } from '../core/errors.ts'
import { hasBlanks, trimmed } from '../core/trimmed.ts'

/**
 * A connection string that a driver will take, without the blanks and quotes around it. Drivers put the one that they refuse into
 * their message, password and all.
 * @throws {InvalidOptionError} naming `option`, and showing at most the scheme of `value`
 */
export function checkedUrl(option: string, value: unknown): string {
  const expected =
    "a Postgres URL, 'postgresql://user:password@host/database', without blanks, with special characters in the password percent-encoded"
  const url = typeof value === 'string' ? trimmed(value) : ''
  if (url === '') throw new InvalidOptionError(option, `${expected} (is the variable set?)`, value)
  if (hasBlanks(url) || !isComplete(url)) {
    const shown = `${/^[a-z]{1,20}:\/\//i.exec(url)?.[0] ?? ''}…`
    throw new InvalidOptionError(option, expected, shown)
  }
  return url
}

function isComplete(text: string): boolean {
  try {
    const { protocol, username, password, hostname, pathname } = new URL(text)
    decodeURIComponent(`${username}${password}${pathname}`)
    return (
      (protocol === 'postgres:' || protocol === 'postgresql:') &&
      username !== '' &&
      hostname !== '' &&
      pathname.length > 1
    )
  } catch {
    return false
  }
}
