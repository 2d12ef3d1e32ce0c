import { InvalidOptionError } from '../core/errors.ts'
import { checkedKey } from '../core/key.ts'
import { checkedUrl } from '../postgres/url.ts'

/** `neon-http`: Neon's driver over HTTP, for every runtime. `node-postgres`: `pg` over TCP, for servers. */
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

const PARTS = ['RC_DB_HOST', 'RC_DB_PASSWORD', 'RC_DB_PORT', 'RC_DB_NAME', 'RC_DB_USER'] as const
const HOW = ['RC_DB_DRIVER', 'RC_DB_FETCH_ENDPOINT'] as const
type Name =
  | (typeof PARTS)[number]
  | (typeof HOW)[number]
  | 'RC_DATABASE_URL'
  | 'DATABASE_URL'
  | 'RC_NAMESPACE'
type Variables = (name: Name) => string | undefined

/**
 * Reads `RC_DATABASE_URL`, or `RC_DB_*`, or `DATABASE_URL`, in this order; an empty value counts as none.
 * @param tcp - can this runtime open sockets?
 * @throws {InvalidOptionError} naming the variable that is missing beside others, or not of its form; never showing a password
 */
export function readEnvironment(env: object, tcp: boolean): EnvironmentSettings {
  const variables = variablesOf(env)
  const namespace = checkedKey('RC_NAMESPACE', variables('RC_NAMESPACE') ?? 'default')
  const [variable, url] = databaseUrl(variables)
  if (url === undefined) {
    const how = HOW.find((name) => variables(name) !== undefined)
    if (how) throw new InvalidOptionError('RC_DATABASE_URL', `set where ${how} is`, undefined)
    return { namespace, database: undefined }
  }
  const fetchEndpoint = endpointOf(variables)
  return {
    namespace,
    database: {
      variable,
      url,
      driver: driverOf(variables, url, fetchEndpoint, tcp),
      fetchEndpoint,
    },
  }
}

/** A Worker's environment also holds bindings that are no text: only what bears one of our names is looked at. */
function variablesOf(env: object): Variables {
  if (typeof env !== 'object' || env === null)
    throw new InvalidOptionError('env', 'a record of variables', env)
  return (name) => {
    const value = (env as Readonly<Record<string, unknown>>)[name]
    if (value === undefined || value === null || value === '') return undefined
    if (typeof value === 'number') return String(value)
    if (typeof value !== 'string') throw new InvalidOptionError(name, 'text', value)
    return value
  }
}

function databaseUrl(variables: Variables): [Name, string | undefined] {
  const own = variables('RC_DATABASE_URL')
  if (own !== undefined) return ['RC_DATABASE_URL', checkedUrl('RC_DATABASE_URL', own)]
  const part = PARTS.find((name) => variables(name) !== undefined)
  if (part !== undefined) return [part, urlOfParts(variables, part)]
  const usual = variables('DATABASE_URL')
  return ['DATABASE_URL', usual === undefined ? undefined : checkedUrl('DATABASE_URL', usual)]
}

function urlOfParts(variables: Variables, given: Name): string {
  const needed = (name: 'RC_DB_HOST' | 'RC_DB_PASSWORD') => {
    const value = variables(name)
    if (value !== undefined) return value
    throw new InvalidOptionError(
      name,
      `set where ${given} is; for a database without a password, use RC_DATABASE_URL`,
      undefined,
    )
  }
  const host = checkedHost(needed('RC_DB_HOST'))
  const password = needed('RC_DB_PASSWORD')
  const port = Number(variables('RC_DB_PORT') ?? 5432)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new InvalidOptionError(
      'RC_DB_PORT',
      'a whole number from 1 to 65535',
      variables('RC_DB_PORT'),
    )
  }
  const name = variables('RC_DB_NAME') ?? 'resilient_circuit_db'
  // Drivers decode a path without the characters that end it, so that these could not be told.
  if (/[?#]/.test(name)) throw new InvalidOptionError('RC_DB_NAME', "without '?' and '#'", name)
  const user = variables('RC_DB_USER') ?? 'postgres'
  const url = `postgresql://${escaped('RC_DB_USER', user)}:${escaped('RC_DB_PASSWORD', password)}@${host}:${port}/${escaped('RC_DB_NAME', name, encodeURI)}`
  // Neon takes no connection without TLS, which a driver does not try by itself.
  return checkedUrl(given, isNeon(host) ? `${url}?sslmode=verify-full` : url)
}

/** A name, an IPv4 address, or an IPv6 address with or without its brackets. */
function checkedHost(host: string): string {
  const bare = host.replace(/^\[(.+)\]$/, '$1')
  const isIpv6 =
    bare.includes(':') && /^[0-9A-Fa-f:.]+$/.test(bare) && URL.canParse(`http://[${bare}]`)
  if (isIpv6) return `[${bare}]`
  if (/^[\w.-]+$/.test(host)) return host
  throw new InvalidOptionError(
    'RC_DB_HOST',
    'a host name or an IP address',
    host.includes('@') ? '[hidden]' : host,
  )
}

function escaped(
  name: Name,
  text: string,
  encode: (text: string) => string = encodeURIComponent,
): string {
  try {
    return encode(text)
  } catch {
    throw new InvalidOptionError(name, 'well-formed Unicode', '[hidden]')
  }
}

function endpointOf(variables: Variables): string | undefined {
  const endpoint = variables('RC_DB_FETCH_ENDPOINT')
  if (endpoint === undefined || (/^https?:\/\//.test(endpoint) && URL.canParse(endpoint)))
    return endpoint
  throw new InvalidOptionError(
    'RC_DB_FETCH_ENDPOINT',
    "an http or https URL, such as 'http://127.0.0.1:4444/sql'",
    endpoint,
  )
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
