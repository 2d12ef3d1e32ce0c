import ky, { HTTPError } from 'ky'
import { FetchError, ofetch } from 'ofetch'
import { describe, expect, it } from 'vitest'
import { type ProtectFetchOptions, protectFetch, rejectionResponse } from '../../src/fetch/index.ts'
import { fraction, ProtectedCallError } from '../../src/index.ts'
import { startUpstream, status } from './upstream.ts'

/** A client that takes a `fetch`, as people use it. Each answers with what it was sent. */
interface Client {
  readonly post: (url: string, body: object) => Promise<unknown>
  /** Of a response that is no success. */
  readonly statusOf: (error: unknown) => number | undefined
  /** Of what was wrapped by the client. */
  readonly rejectionOf: (error: unknown) => unknown
}

type Make = (safeFetch: typeof fetch) => Client

/** The `fetch` option of OpenAI's client and of those that are generated like it: the types and the calls, without the rest. */
type OpenAIFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

class OpenAILike {
  readonly #fetch: OpenAIFetch
  readonly #baseURL: string

  constructor(options: { readonly baseURL: string; readonly fetch?: OpenAIFetch | undefined }) {
    this.#baseURL = options.baseURL
    this.#fetch = options.fetch ?? fetch
  }

  async create(body: object): Promise<unknown> {
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(), 600_000)
    try {
      // As they do it: detached from any object, for some platforms mind.
      const response = await this.#fetch.call(undefined, this.#baseURL, {
        method: 'post',
        headers: new Headers({ 'content-type': 'application/json' }),
        body: JSON.stringify(body),
        signal: controller.signal,
      })
      if (!response.ok)
        throw Object.assign(new Error(`${response.status} status code`), {
          status: response.status,
        })
      return await response.json()
    } finally {
      clearTimeout(timer)
    }
  }
}

const clients: Record<string, Make> = {
  ky: (safeFetch) => {
    const api = ky.create({
      fetch: safeFetch,
      retry: { limit: 2, methods: ['post'], delay: () => 1, maxRetryAfter: 10, shouldRetry },
    })
    return {
      post: (url, json) => api.post(url, { json }).json(),
      statusOf: (error) => (error instanceof HTTPError ? error.response.status : undefined),
      rejectionOf: (error) => error,
    }
  },
  ofetch: (safeFetch) => {
    const api = ofetch.create({ retry: 2, retryDelay: 1 }, { fetch: safeFetch })
    return {
      post: (url, body) => api(url, { method: 'POST', body }),
      statusOf: (error) => (error instanceof FetchError ? error.status : undefined),
      rejectionOf: (error) => (error as Error).cause,
    }
  },
  'a client like that of OpenAI': (safeFetch) => ({
    post: (url, body) => new OpenAILike({ baseURL: url, fetch: safeFetch }).create(body),
    statusOf: (error) => (error as { readonly status?: number }).status,
    rejectionOf: (error) => error,
  }),
}

/** What the breaker rejected would be rejected again: the call is not worth repeating. Undefined leaves it to ky. */
function shouldRetry({ error }: { readonly error: Error }): boolean | undefined {
  return error instanceof ProtectedCallError ? false : undefined
}

describe.each(Object.entries(clients))('%s', (_, make) => {
  const stand = async (options: ProtectFetchOptions = {}) => {
    const upstream = await startUpstream()
    const client = make(protectFetch({ failureLimit: fraction(1, 1), ...options })(fetch))
    const caught = async () => client.post(upstream.url, { a: 1 }).catch((error: unknown) => error)
    return { upstream, client, caught }
  }

  it('sends its requests, and reads its responses', async () => {
    const { upstream, client } = await stand({ timeout: '10s' })
    expect(await client.post(upstream.url, { a: 1 })).toEqual({ a: 1 })
  })

  it('sees a failure as it is, and then the rejection', async () => {
    const { upstream, client, caught } = await stand()
    // Of a kind that none of them repeats.
    upstream.answer = status(501)
    expect(client.statusOf(await caught())).toBe(501)
    const rejection = client.rejectionOf(await caught())
    expect(rejection).toBeInstanceOf(ProtectedCallError)
    expect(upstream.seen).toHaveLength(1)
  })

  it('sees a rejection as a 503 where it wants one', async () => {
    const { upstream, client, caught } = await stand({
      fallback: rejectionResponse,
      cooldown: '1h',
    })
    upstream.answer = status(501)
    await caught()
    expect(client.statusOf(await caught())).toBe(503)
    expect(upstream.seen).toHaveLength(1)
  })
})
