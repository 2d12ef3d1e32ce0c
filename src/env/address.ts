import type { DsnKeys } from './dsn.ts'
import type { Refuse } from './refuse.ts'

/** What goes into the URL as it is. */
const PASSED_ON = ['sslnegotiation', 'channel_binding', 'application_name', 'options']

/**
 * The URL of the database that libpq's keys name, in which every character stands for itself. What
 * they say about TLS is left out.
 * @throws {InvalidOptionError} about the part that is missing or not of its form; never showing a
 * password
 */
export function urlOfKeys(keys: DsnKeys, refuse: Refuse): string {
  const needed = (part: string) => {
    const value = keys.get(part)
    if (value === undefined) throw refuse(part, 'given', undefined)
    return value
  }
  if (keys.has('host') && keys.has('hostaddr'))
    throw refuse('hostaddr', 'left out beside host', '[hidden]')
  const host = checkedHost(keys.get('hostaddr') ?? needed('host'), refuse)
  const port = keys.get('port') ?? '5432'
  if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    throw refuse('port', 'a whole number from 1 to 65535', port)
  const user = visible('user', needed('user'), refuse)
  const dbname = visible('dbname', keys.get('dbname') ?? user, refuse)
  // Drivers decode a path without the characters that end it, so that these could not be told.
  if (/[?#]/.test(dbname)) throw refuse('dbname', "without '?' and '#'", dbname)
  const escaped = (part: string, text: string, encode = encodeURIComponent as typeof encodeURI) => {
    try {
      return encode(text)
    } catch {
      throw refuse(part, 'well-formed Unicode', '[hidden]')
    }
  }
  const password = keys.get('password')
  const secret = password === undefined ? '' : `:${escaped('password', password)}`
  const rest = PASSED_ON.filter((key) => keys.has(key)).map(
    (key) => `${key}=${escaped(key, keys.get(key)!)}`,
  )
  return `postgresql://${escaped('user', user)}${secret}@${host}:${Number(port)}/${escaped('dbname', dbname, encodeURI)}${rest.length > 0 ? `?${rest.join('&')}` : ''}`
}

/** A name, an IPv4 address, or an IPv6 address with or without its brackets. */
function checkedHost(host: string, refuse: Refuse): string {
  const bare = host.replace(/^\[(.+)\]$/, '$1')
  const isIpv6 =
    bare.includes(':') && /^[0-9A-Fa-f:.]+$/.test(bare) && URL.canParse(`http://[${bare}]`)
  if (isIpv6) return `[${bare}]`
  if (/^[\w.-]+$/.test(host)) return host
  throw refuse('host', 'a host name or an IP address', host.includes('@') ? '[hidden]' : host)
}

function visible(part: string, text: string, refuse: Refuse): string {
  if (/[\p{Cc}\p{Cf}]/u.test(text))
    throw refuse(part, 'without control and invisible characters', '[hidden]')
  return text
}
