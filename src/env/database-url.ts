import { InvalidOptionError } from '../core/errors.ts'
import { checkedUrl } from '../postgres/url.ts'
import { urlOfKeys } from './address.ts'
import { keysOfDsn } from './dsn.ts'
import type { Refuse } from './refuse.ts'
import { TLS_KEYS, type Tls } from './tls.ts'

/** The Python library's variables, by libpq's names for what they hold. */
const PARTS = {
  RC_DB_HOST: 'host',
  RC_DB_PASSWORD: 'password',
  RC_DB_PORT: 'port',
  RC_DB_NAME: 'dbname',
  RC_DB_USER: 'user',
} as const
const TLS = {
  RC_DB_SSLMODE: 'sslmode',
  RC_DB_SSLROOTCERT: 'sslrootcert',
  RC_DB_SSLCERT: 'sslcert',
  RC_DB_SSLKEY: 'sslkey',
} as const
type Part = keyof typeof PARTS | keyof typeof TLS

/** The variables that name a database. */
export const DATABASE_NAMES = [
  'RC_DB_DSN',
  'RC_DATABASE_URL',
  'DATABASE_URL',
  ...(Object.keys(PARTS) as (keyof typeof PARTS)[]),
  ...(Object.keys(TLS) as (keyof typeof TLS)[]),
] as const
export type DatabaseName = (typeof DATABASE_NAMES)[number]

/** Reads a variable; undefined where it is empty or not set. */
type Variables = (name: DatabaseName) => string | undefined

/** Where the database is, and what is said about TLS beside that. */
export interface Found {
  /** The variable, or the first of the variables, that said so. */
  readonly variable: DatabaseName
  readonly url: string
  readonly tls: Tls
  readonly refuse: Refuse
}

/**
 * The database that the first of these names: `RC_DB_DSN`, `RC_DATABASE_URL`, `RC_DB_*`,
 * `DATABASE_URL`. One that is wrong is an error: the next might name another database than the rest
 * of the fleet uses.
 */
export function databaseIn(variables: Variables): Found | undefined {
  const dsn = variables('RC_DB_DSN')
  if (dsn !== undefined) {
    const keys = keysOfDsn('RC_DB_DSN', dsn)
    // What a URL has for its port may be the beginning of a password that is not escaped.
    const refuse: Refuse = (part, expected, value) =>
      new InvalidOptionError(
        'RC_DB_DSN',
        `a connection string whose ${part} is ${expected}`,
        part === 'port' ? '[hidden]' : value,
      )
    const tls = Object.fromEntries(TLS_KEYS.map((key) => [key, keys.get(key)]))
    return { variable: 'RC_DB_DSN', url: urlOfKeys(keys, refuse), tls, refuse }
  }
  const own = variables('RC_DATABASE_URL')
  if (own !== undefined) return ofUrl('RC_DATABASE_URL', own, variables)
  const given = namesOf(PARTS).find((name) => variables(name) !== undefined)
  if (given !== undefined) return ofParts(variables, given)
  const usual = variables('DATABASE_URL')
  return usual === undefined ? undefined : ofUrl('DATABASE_URL', usual, variables)
}

/** What the URL itself says about TLS stands; where it says nothing, the variables do. */
function ofUrl(variable: DatabaseName, given: string, variables: Variables): Found {
  const url = checkedUrl(variable, given)
  const { searchParams } = new URL(url)
  const says = ['ssl', 'sslmode', 'sslnegotiation'].some((name) => searchParams.has(name))
  return { variable, url, tls: says ? {} : tlsIn(variables), refuse }
}

function ofParts(variables: Variables, given: DatabaseName): Found {
  for (const name of ['RC_DB_HOST', 'RC_DB_PASSWORD'] as const) {
    if (variables(name) !== undefined) continue
    throw new InvalidOptionError(
      name,
      `set where ${given} is; for a database without a password, use RC_DATABASE_URL`,
      undefined,
    )
  }
  const keys = new Map([
    ['user', 'postgres'],
    ['dbname', 'resilient_circuit_db'],
  ])
  for (const name of namesOf(PARTS)) {
    const value = variables(name)
    if (value !== undefined) keys.set(PARTS[name], value)
  }
  return { variable: given, url: urlOfKeys(keys, refuse), tls: tlsIn(variables), refuse }
}

function tlsIn(variables: Variables): Tls {
  return Object.fromEntries(namesOf(TLS).map((name) => [TLS[name], variables(name)]))
}

const refuse: Refuse = (part, expected, value) => {
  const name = Object.entries({ ...PARTS, ...TLS }).find(([, each]) => each === part)?.[0]
  return new InvalidOptionError(name ?? part, expected, value)
}

const namesOf = <Name extends Part>(record: Readonly<Record<Name, string>>): readonly Name[] =>
  Object.keys(record) as Name[]
