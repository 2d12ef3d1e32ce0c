import type { FetchRequest } from './options.ts'

/** What `fetch` is called with. */
export type Input = string | URL | Request

/** A request as `key` sees it. @throws {TypeError} where it has no valid URL */
export function describe(input: Input, init: RequestInit | undefined): FetchRequest {
  const given = isRequest(input) ? input : undefined
  // As fetch does it: in a document an address is relative to it, elsewhere there are only whole
  // ones.
  const url = new URL(given?.url ?? String(input), globalThis.location?.href)
  return {
    url,
    method: init?.method ?? given?.method ?? 'GET',
    get headers() {
      return new Headers(init?.headers ?? given?.headers)
    },
  }
}

/**
 * The caller's signal. One in `init` stands for the request's own, and so does a null there: no
 * signal.
 */
export function signalOf(input: Input, init: RequestInit | undefined): AbortSignal | undefined {
  const { signal = isRequest(input) ? input.signal : undefined } = init ?? {}
  return signal ?? undefined
}

/** Not by its class: libraries bring their own. */
function isRequest(input: Input): input is Request {
  return typeof input === 'object' && 'url' in input
}
