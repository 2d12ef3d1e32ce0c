import { InvalidOptionError } from '../core/errors.ts'
import { hasBlanks, trimmed } from '../core/trimmed.ts'
import { variable } from '../core/variable.ts'
import { checkedUrl } from './url.ts'

/** The variable, and the parameter of a URL, that name an endpoint. */
const VARIABLE = 'RC_DB_FETCH_ENDPOINT'
const PARAMETER = 'fetch_endpoint'

/** @throws {InvalidOptionError} naming `option` where this is no address to send requests to */
export function checkedEndpoint(value: unknown, option = 'fetchEndpoint'): string {
  const endpoint = typeof value === 'string' ? trimmed(value) : ''
  const isAddress = /^https?:\/\//.test(endpoint) && !hasBlanks(endpoint) && URL.canParse(endpoint)
  const secret = isAddress && new URL(endpoint).username !== ''
  if (isAddress && !secret) return endpoint
  throw new InvalidOptionError(
    option,
    "an http or https URL without a user, such as 'http://127.0.0.1:4444/sql'",
    secret || (typeof value === 'string' && value.includes('@')) ? '[hidden]' : value,
  )
}

/** The endpoint that a URL names in its own parameter, as `resilient-circuit dev` prints it, and the URL without that. */
export function endpointIn(url: string): { url: string; fetchEndpoint: string | undefined } {
  if (!url.includes(PARAMETER)) return { url, fetchEndpoint: undefined }
  const parsed = new URL(url)
  const endpoint = parsed.searchParams.get(PARAMETER)
  parsed.searchParams.delete(PARAMETER)
  return {
    url: parsed.href,
    fetchEndpoint: endpoint === null ? undefined : checkedEndpoint(endpoint, PARAMETER),
  }
}

/**
 * What a storage over HTTP is given, checked. The endpoint is that of the option, else of the URL's `fetch_endpoint`, else of the
 * variable `RC_DB_FETCH_ENDPOINT`; undefined: Neon's own, by the host of the URL.
 *
 * @param knows - can the driver find an endpoint for this host by itself?
 * @throws {InvalidOptionError} where the URL or the endpoint is none, or the host cannot be one of Neon's and no endpoint is named
 */
export function neonAddress(
  url: unknown,
  option: unknown,
  knows: (host: string) => boolean = () => false,
): { connection: string; endpoint: string | undefined } {
  const given = endpointIn(checkedUrl('url', url))
  const named = option === undefined ? undefined : checkedEndpoint(option)
  const environment = variable(VARIABLE)?.trim() || undefined
  const endpoint =
    named ??
    given.fetchEndpoint ??
    (environment === undefined ? undefined : checkedEndpoint(environment, VARIABLE))
  const { hostname } = new URL(given.url)
  if (endpoint === undefined && isLocal(hostname) && !knows(hostname)) {
    throw new InvalidOptionError(
      'fetchEndpoint',
      `given for ${hostname}, which is not a host of Neon: pass the option, or add '?${PARAMETER}=' and its percent-encoded URL to the database URL, or set ${VARIABLE} (\`resilient-circuit dev\` prints them). For PostgreSQL over TCP use resilient-circuit/node-postgres`,
      undefined,
    )
  }
  return { connection: given.url, endpoint }
}

/** An address, or a name without a domain: Neon has none of these, and would be asked at a name that does not exist. */
function isLocal(host: string): boolean {
  return /^[^.]*$|\.localhost$|^[\d.]+$/i.test(host)
}
