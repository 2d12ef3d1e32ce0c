import type { Context } from 'hono'
import { InvalidOptionError } from '../core/errors.ts'
import { checkedKey } from '../core/key.ts'
import type { Phase } from '../core/state.ts'
import type { BreakerId, ListQuery } from '../fleet/admin.ts'
import type { ListFilter } from './view/urls.ts'

/** An empty field of a form is as good as none. */
function given(c: Context, name: string): string | undefined {
  return c.req.query(name) || undefined
}

/** @throws {InvalidOptionError} where a filter does not fit */
export function filterOf(c: Context): ListFilter {
  const [search, namespace, status, after] = ['search', 'namespace', 'status', 'after'].map(
    (name) => given(c, name),
  )
  if (status !== undefined && !isStatus(status))
    throw new InvalidOptionError('status', 'OPEN, DUE, HALF_OPEN or CLOSED', status)
  return {
    ...(search !== undefined && { search: checkedKey('search', search) }),
    ...(namespace !== undefined && { namespace: checkedKey('namespace', namespace) }),
    ...(status !== undefined && { status }),
    ...(after !== undefined && { after }),
  }
}

/** An open breaker whose cooldown is over has a name of its own on a page, and none in its row. */
export function queryOf({ status, ...filter }: ListFilter): ListQuery {
  if (status === 'DUE') return { ...filter, status: 'OPEN', due: true }
  if (status === 'OPEN') return { ...filter, status, due: false }
  return { ...filter, status }
}

const isStatus = (text: string): text is Phase =>
  text === 'OPEN' || text === 'DUE' || text === 'HALF_OPEN' || text === 'CLOSED'

/** @throws {InvalidOptionError} where one of them cannot be */
export function idOf(resourceKey: string | undefined, namespace: string | undefined): BreakerId {
  return {
    resourceKey: checkedKey('key', resourceKey),
    namespace: checkedKey('namespace', namespace),
  }
}

/** @throws {InvalidOptionError} where it is no number; its range is the storage's to check */
export function limitOf(c: Context): { readonly limit?: number } {
  const text = given(c, 'limit')
  if (text === undefined) return {}
  if (!/^\d{1,6}$/.test(text))
    throw new InvalidOptionError('limit', 'a whole number from 1 to 1000', text)
  return { limit: Number(text) }
}
