import type { Phase } from '../../core/state.ts'
import type { BreakerId } from '../../fleet/admin.ts'

/** What a list is asked for, as its URL says it. */
export interface ListFilter {
  readonly search?: string
  readonly namespace?: string
  readonly status?: Phase
  readonly after?: string
}

/**
 * Only what is given: an absolute path, since nobody knows whether the mount point was asked for
 * with a slash at its end.
 */
function url(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '',
  )
  const text = new URLSearchParams(given).toString()
  return text === '' ? path : `${path}?${text}`
}

export function listUrl(
  base: string,
  { search, namespace, status, after }: ListFilter = {},
): string {
  return url(base === '' ? '/' : base, { search, namespace, status, after })
}

/** Where the form goes that removes a breaker. */
export function removalUrl(base: string, { resourceKey, namespace }: BreakerId): string {
  return url(`${base}/remove`, { key: resourceKey, namespace })
}

/**
 * Key and namespace go into the query: many a proxy refuses, decodes or tidies up a path with
 * `%2F`, `//` or `..` in it.
 */
export function breakerUrl(
  base: string,
  { resourceKey, namespace }: BreakerId,
  more: { readonly range?: string; readonly after?: string; readonly done?: string } = {},
): string {
  return url(`${base}/breaker`, { key: resourceKey, namespace, ...more })
}
