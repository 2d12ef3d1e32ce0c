import type { Refuse } from './refuse.ts'

export const TLS_KEYS = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'] as const
type TlsKey = (typeof TLS_KEYS)[number]

/** What libpq's names say about TLS. */
export type Tls = { readonly [Key in TlsKey]?: string | undefined }

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']
const ENFORCED = ['require', 'verify-ca', 'verify-full']

/**
 * A URL with what is said about TLS, for `pg`. `allow` and `prefer` are stricter here than in
 * libpq, as `pg` does not go on without TLS where the server has none.
 * @throws {InvalidOptionError} where that is not complete
 */
export function withTls(url: string, given: Tls, refuse: Refuse): string {
  const { sslmode, ...files } = checked(given, refuse)
  if (sslmode === undefined) return url
  const parameters = [`sslmode=${sslmode === 'allow' ? 'prefer' : sslmode}`, 'uselibpqcompat=true']
  if (sslmode !== 'disable') {
    for (const [key, file] of Object.entries(files))
      if (file !== undefined) parameters.push(`${key}=${encodeURIComponent(file)}`)
  }
  return `${url}${url.includes('?') ? '&' : '?'}${parameters.join('&')}`
}

/**
 * Over HTTP the runtime checks the server's certificate, in full.
 * @throws {InvalidOptionError} where something else is asked for
 */
export function checkTlsOverHttp(given: Tls, endpoint: string | undefined, refuse: Refuse): void {
  const tls = checked(given, refuse)
  for (const key of ['sslrootcert', 'sslcert', 'sslkey'] as const)
    if (tls[key] !== undefined)
      throw refuse(key, 'left out over HTTP, where the runtime has its own certificates', tls[key])
  if (endpoint?.startsWith('http:') && ENFORCED.includes(tls.sslmode ?? ''))
    throw refuse('sslmode', 'left out, or the endpoint one of https', tls.sslmode)
}

function checked(tls: Tls, refuse: Refuse): Tls {
  const { sslmode, sslrootcert, sslcert, sslkey } = tls
  if (sslmode !== undefined && !MODES.includes(sslmode))
    throw refuse('sslmode', `one of ${MODES.join(', ')}`, sslmode)
  if (sslcert !== undefined && sslkey === undefined)
    throw refuse('sslkey', 'set where the certificate for it is', undefined)
  if (sslkey !== undefined && sslcert === undefined)
    throw refuse('sslcert', 'set where the key for it is', undefined)
  if (sslrootcert === 'system') {
    if (sslmode !== undefined && sslmode !== 'verify-full')
      throw refuse(
        'sslmode',
        'verify-full where the root certificates are those of the system',
        sslmode,
      )
    // The system's are the default.
    const { sslrootcert: _, ...rest } = tls
    return { ...rest, sslmode: 'verify-full' }
  }
  if (sslmode === 'verify-ca' && sslrootcert === undefined)
    throw refuse('sslrootcert', 'set where the mode is verify-ca', undefined)
  // Whoever names a certificate wants TLS.
  if (sslmode === undefined && (sslrootcert ?? sslcert) !== undefined)
    return { ...tls, sslmode: 'require' }
  return tls
}
