import { InvalidOptionError } from '../core/errors.ts'

/** @throws {InvalidOptionError} where this is no address to send requests to */
export function checkedEndpoint(fetchEndpoint: string): string {
  if (/^https?:\/\//.test(fetchEndpoint) && URL.canParse(fetchEndpoint)) return fetchEndpoint
  throw new InvalidOptionError(
    'fetchEndpoint',
    "an http or https URL, such as 'http://127.0.0.1:4444/sql'",
    fetchEndpoint,
  )
}
