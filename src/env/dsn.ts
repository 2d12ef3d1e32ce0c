import { InvalidOptionError } from '../core/errors.ts'

/** The keys of a connection string of libpq, by libpq's names for them. */
export type DsnKeys = ReadonlyMap<string, string>

/** What has an effect here. */
const TAKEN = [
  'host',
  'hostaddr',
  'port',
  'dbname',
  'user',
  'password',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslnegotiation',
  'channel_binding',
  'application_name',
  'options',
]

/** What tunes libpq's own connection, for which the drivers here have ways of their own. */
const IGNORED = [
  'client_encoding',
  'connect_timeout',
  'fallback_application_name',
  'gssdelegation',
  'gssencmode',
  'gsslib',
  'keepalives',
  'keepalives_count',
  'keepalives_idle',
  'keepalives_interval',
  'krbsrvname',
  'load_balance_hosts',
  'max_protocol_version',
  'min_protocol_version',
  'sslcertmode',
  'sslcompression',
  'sslsni',
  'target_session_attrs',
  'tcp_user_timeout',
]

/** What would name another database or weaken the connection if it were ignored. */
const REFUSED = [
  'passfile',
  'replication',
  'requirepeer',
  'require_auth',
  'service',
  'servicefile',
  'ssl_max_protocol_version',
  'ssl_min_protocol_version',
  'sslcrl',
  'sslcrldir',
  'sslpassword',
]

/**
 * Reads a connection string as libpq does, in either of its forms:
 * `postgresql://user:password@host/database?key=value`, or `host=… user=… password='with blanks'`.
 * A key that is given twice has its last value; an empty value counts as none.
 * @throws {InvalidOptionError} naming `variable`, where it has neither form or holds a key that
 * cannot be honoured; never showing a value
 */
export function keysOfDsn(variable: string, dsn: string): DsnKeys {
  const refuse = (expected: string) => new InvalidOptionError(variable, expected, '[hidden]')
  const pairs = /^postgres(ql)?:\/\//.test(dsn) ? pairsOfUrl(dsn) : pairsOfText(dsn)
  if (pairs === undefined) {
    throw refuse(
      "a connection string, 'postgresql://user:password@host/database' or 'host=… dbname=… user=… password=…'",
    )
  }
  const keys = new Map(pairs)
  for (const [key, value] of keys) {
    if (REFUSED.includes(key)) throw refuse(`a connection string without the key ${key}`)
    // The name of an unknown key is not shown: it may be a part of a password that lacks its
    // quotes.
    if (!TAKEN.includes(key) && !IGNORED.includes(key))
      throw refuse(`a connection string of the keys ${TAKEN.join(', ')}`)
    if (value === '' || IGNORED.includes(key)) keys.delete(key)
  }
  return keys
}

type Pairs = readonly (readonly [string, string])[]

function pairsOfUrl(dsn: string): Pairs | undefined {
  const [, user, password, host, port, dbname, query] =
    /^\w+:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?(\[[^\]]*\]|[^:/?]*)(?::([^/?]*))?(?:\/([^?]*))?(?:\?(.*))?$/s.exec(
      dsn,
    ) ?? []
  if (host === undefined) return undefined
  const parts = { user, password, host: host.replace(/^\[(.*)\]$/, '$1'), port, dbname }
  const given = Object.entries(parts).filter(([, value]) => value !== undefined)
  const parameters = query ? query.split('&').map((pair) => pair.split('=')) : []
  if (parameters.some((pair) => pair.length !== 2)) return undefined
  try {
    return [...given, ...parameters].map(([key, value]) =>
      asLibpq(decodeURIComponent(key!), decodeURIComponent(value!)),
    )
  } catch {
    return undefined
  }
}

/** Of the JDBC driver's parameters, libpq knows one. */
const asLibpq = (key: string, value: string): readonly [string, string] =>
  key === 'ssl' && value === 'true' ? ['sslmode', 'require'] : [key, value]

function pairsOfText(dsn: string): Pairs | undefined {
  const pair = /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?!')(?:[^\s\\]|\\.)*))/sy
  const pairs: [string, string][] = []
  const end = dsn.trimEnd().length
  while (pair.lastIndex < end) {
    const found = pair.exec(dsn)
    if (found === null) return undefined
    const [, key, quoted, bare] = found
    pairs.push([key!, (quoted ?? bare!).replace(/\\(.)/gs, '$1')])
  }
  return pairs.length === 0 ? undefined : pairs
}
