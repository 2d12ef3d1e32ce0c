import { InvalidOptionError } from '../core/errors.ts'
import { HttpError } from './failure.ts'

/** Who may use the endpoint: the one whose URL names this user, password and database. */
export interface Access {
  readonly user: string
  readonly password: string
  readonly database: string
}

/**
 * @throws {InvalidOptionError} naming `databaseUrl` and not showing it, because it may hold a
 * password
 */
export function accessOf(databaseUrl: unknown): Access {
  const access = typeof databaseUrl === 'string' ? parse(databaseUrl) : undefined
  if (access) return access
  const shown = typeof databaseUrl === 'string' ? '[hidden]' : databaseUrl
  throw new InvalidOptionError('databaseUrl', 'postgres://user:password@host:port/database', shown)
}

/**
 * @throws {HttpError} 400 where a client's `Neon-Connection-String` is missing or is not the
 * endpoint's
 */
export function checkAccess(connectionString: unknown, expected: Access): void {
  if (typeof connectionString !== 'string')
    throw new HttpError(400, 'invalid header: neon-connection-string')
  const given = parse(connectionString)
  if (!given) throw new HttpError(400, 'invalid connection string')
  if (given.user !== expected.user || given.password !== expected.password) {
    throw new HttpError(400, `password authentication failed for user '${given.user}'`)
  }
  if (given.database !== expected.database) {
    throw new HttpError(
      400,
      `database "${given.database}" is not served here; this is "${expected.database}"`,
    )
  }
}

/** The driver re-writes a URL on its way, so only the decoded parts can be compared. */
function parse(text: string): Access | undefined {
  try {
    const url = new URL(text)
    const [user, password, database] = [url.username, url.password, url.pathname.slice(1)].map(
      decodeURIComponent,
    )
    if (
      !/^postgres(ql)?:$/.test(url.protocol) ||
      !url.hostname ||
      !user ||
      password === undefined ||
      !database
    )
      return undefined
    return { user, password, database }
  } catch {
    return undefined
  }
}
