import { InvalidOptionError } from '../core/errors.ts'
import { checkedKey } from '../core/key.ts'
import { trimmed } from '../core/trimmed.ts'
import { checkedEndpoint, endpointIn } from '../postgres/endpoint.ts'
import { DATABASE_NAMES, type DatabaseName, databaseIn, type Found } from './database-url.ts'
import { checkTlsOverHttp, withTls } from './tls.ts'

/**
 * `neon-http`: Neon's driver over HTTP, for every runtime. `node-postgres`: `pg` over TCP, for
 * servers.
 */
export type Driver = 'neon-http' | 'node-postgres'

/** What an environment says about the database. */
export interface DatabaseSettings {
  /** The variable, or the first of the variables, that said so. */
  readonly variable: string
  readonly url: string
  readonly driver: Driver
  /** Only with `neon-http`. */
  readonly fetchEndpoint: string | undefined
}

export interface EnvironmentSettings {
  readonly namespace: string
  /** Undefined where no variable names one. */
  readonly database: DatabaseSettings | undefined
}

const HOW = ['RC_DB_DRIVER', 'RC_DB_FETCH_ENDPOINT'] as const
type Name = DatabaseName | (typeof HOW)[number] | 'RC_DB_STRICT' | 'RC_NAMESPACE'
type Variables = (name: Name) => string | undefined

/** The variables that are read, for where an environment cannot be read as a whole. */
export const NAMES: readonly Name[] = [...DATABASE_NAMES, ...HOW, 'RC_DB_STRICT', 'RC_NAMESPACE']

/**
 * Reads `RC_DB_DSN`, or `RC_DATABASE_URL`, or `RC_DB_*`, or `DATABASE_URL`, in this order; an empty
 * value counts as none.
 * @param tcp - can this runtime open sockets?
 * @throws {InvalidOptionError} naming the variable that is missing beside others, or not of its
 * form; never showing a password
 */
export function readEnvironment(env: object, tcp: boolean): EnvironmentSettings {
  const variables = variablesOf(env)
  const namespace = checkedKey('RC_NAMESPACE', variables('RC_NAMESPACE') ?? 'default')
  const strict = isStrict(variables)
  const named = databaseIn(variables)
  const within = named && endpointIn(named.url)
  const found = named && within && { ...named, url: within.url }
  if (found === undefined) {
    const how = HOW.find((name) => variables(name) !== undefined)
    if (how) throw new InvalidOptionError('RC_DATABASE_URL', `set where ${how} is`, undefined)
    if (strict)
      throw new InvalidOptionError('RC_DATABASE_URL', 'set where RC_DB_STRICT is 1', undefined)
    return { namespace, database: undefined }
  }
  const { variable } = found
  const fetchEndpoint = endpointOf(variables) ?? within?.fetchEndpoint
  const driver = driverOf(variables, found.url, fetchEndpoint, tcp)
  const url = secured(found, driver, fetchEndpoint)
  return { namespace, database: { variable, url, driver, fetchEndpoint } }
}

/** The URL with what its driver has to know about TLS. */
function secured({ variable, url, tls, refuse }: Found, driver: Driver, endpoint?: string): string {
  if (driver === 'neon-http') checkTlsOverHttp(tls, endpoint, refuse)
  const given = driver === 'neon-http' ? url : withTls(url, tls, refuse)
  const whole = variable === 'RC_DATABASE_URL' || variable === 'DATABASE_URL'
  const { hostname, searchParams } = new URL(given)
  if (whole || !isNeon(hostname) || searchParams.has('sslmode')) return given
  // Neon takes no connection without TLS, which a driver does not try by itself.
  return `${given}${searchParams.size > 0 ? '&' : '?'}sslmode=verify-full`
}

/** The Python library raises then, instead of staying in memory. */
function isStrict(variables: Variables): boolean {
  const strict = variables('RC_DB_STRICT') ?? '0'
  if (/^(1|true)$/i.test(strict)) return true
  if (/^(0|false)$/i.test(strict)) return false
  throw new InvalidOptionError('RC_DB_STRICT', "'1' or '0'", strict)
}

/**
 * A Worker's environment also holds bindings that are no text: only what bears one of our names is
 * looked at.
 */
function variablesOf(env: object): Variables {
  if (typeof env !== 'object' || env === null)
    throw new InvalidOptionError('env', 'a record of variables', env)
  return (name) => {
    const value = lookedAt(env as Readonly<Record<string, unknown>>, name)
    if (value === undefined || value === null) return undefined
    if (typeof value === 'number') return String(value)
    if (typeof value !== 'string') throw new InvalidOptionError(name, 'text', value)
    return textOf(name, value)
  }
}

/** Deno's environment throws where it may not be looked at. */
function lookedAt(env: Readonly<Record<string, unknown>>, name: Name): unknown {
  try {
    return env[name]
  } catch {
    return undefined
  }
}

/**
 * What a variable holds, without blanks and quotes around it. A password keeps them, for they may
 * be its own, but not the line break that a file of secrets ends with.
 */
function textOf(name: Name, value: string): string | undefined {
  const text =
    name === 'RC_DB_PASSWORD' ? value.replace(/^\uFEFF|[\r\n]{1,2}$/g, '') : trimmed(value)
  if (text.includes('\uFFFD')) throw new InvalidOptionError(name, 'text in UTF-8', '[hidden]')
  return text === '' ? undefined : text
}

function endpointOf(variables: Variables): string | undefined {
  const endpoint = variables('RC_DB_FETCH_ENDPOINT')
  return endpoint === undefined ? undefined : checkedEndpoint(endpoint, 'RC_DB_FETCH_ENDPOINT')
}

function driverOf(
  variables: Variables,
  url: string,
  fetchEndpoint: string | undefined,
  tcp: boolean,
): Driver {
  const driver = variables('RC_DB_DRIVER')
  if (driver === undefined)
    return !tcp || fetchEndpoint !== undefined || isNeon(new URL(url).hostname)
      ? 'neon-http'
      : 'node-postgres'
  if (driver !== 'neon-http' && driver !== 'node-postgres') {
    throw new InvalidOptionError('RC_DB_DRIVER', "'neon-http' or 'node-postgres'", driver)
  }
  if (driver === 'node-postgres' && !tcp)
    throw new InvalidOptionError('RC_DB_DRIVER', "'neon-http' on this runtime", driver)
  if (driver === 'node-postgres' && fetchEndpoint !== undefined) {
    throw new InvalidOptionError(
      'RC_DB_FETCH_ENDPOINT',
      'left out where RC_DB_DRIVER is node-postgres',
      fetchEndpoint,
    )
  }
  return driver
}

function isNeon(host: string): boolean {
  return /\.neon\.(tech|build)$/i.test(host)
}
