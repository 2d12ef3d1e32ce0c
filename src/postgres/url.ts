import { InvalidOptionError } from '../core/errors.ts'

/**
 * A connection string that a driver will take. Drivers put the one that they refuse into their message, password and all.
 * @throws {InvalidOptionError} naming `option`, and showing at most the scheme of `value`
 */
export function checkedUrl(option: string, value: unknown): string {
  const expected =
    "a Postgres URL, 'postgresql://user:password@host/database', with special characters in the password percent-encoded"
  if (typeof value !== 'string' || value === '')
    throw new InvalidOptionError(option, `${expected} (is the variable set?)`, value)
  if (!isComplete(value))
    throw new InvalidOptionError(option, expected, `${/^[a-z]+:\/\//i.exec(value)?.[0] ?? ''}…`)
  return value
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
