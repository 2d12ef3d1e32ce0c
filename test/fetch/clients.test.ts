import Anthropic from '@anthropic-ai/sdk'
import ky, { HTTPError } from 'ky'
import { FetchError, ofetch } from 'ofetch'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { type ProtectFetchOptions, protectFetch, rejectionResponse } from '../../src/fetch/index.ts'
import { fraction, ProtectedCallError } from '../../src/index.ts'
import { FakeClock } from '../../src/testing/index.ts'
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

/** What is read of an error, of whichever client. */
interface Caught {
  readonly status?: number
  readonly cause?: unknown
}

interface Settings {
  readonly baseURL: string
  readonly maxRetries?: number
}

const openai = (safeFetch: typeof fetch, settings: Settings) =>
  new OpenAI({ apiKey: 'none', fetch: safeFetch, logLevel: 'off', ...settings })

const anthropic = (safeFetch: typeof fetch, settings: Settings) =>
  new Anthropic({ apiKey: 'none', fetch: safeFetch, logLevel: 'off', ...settings })

/** What it was sent comes back without a type, which these clients take for a text. */
const parsed = (answer: unknown): unknown =>
  typeof answer === 'string' ? JSON.parse(answer) : answer

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
  openai: (safeFetch) => ({
    post: async (baseURL, body) =>
      parsed(await openai(safeFetch, { baseURL, maxRetries: 0 }).post('/', { body })),
    statusOf: (error) => (error as InstanceType<typeof OpenAI.APIError>).status,
    rejectionOf: (error) => (error as InstanceType<typeof OpenAI.APIConnectionError>).cause,
  }),
  '@anthropic-ai/sdk': (safeFetch) => ({
    post: async (baseURL, body) =>
      parsed(await anthropic(safeFetch, { baseURL, maxRetries: 0 }).post('/', { body })),
    statusOf: (error) => (error as InstanceType<typeof Anthropic.APIError>).status,
    rejectionOf: (error) => (error as InstanceType<typeof Anthropic.APIConnectionError>).cause,
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

/** Clients that repeat what fails, unless they are told otherwise: what people call them for. */
const ask: Record<string, (safeFetch: typeof fetch, settings: Settings) => Promise<unknown>> = {
  openai: (safeFetch, settings) =>
    openai(safeFetch, settings).chat.completions.create({
      model: 'any',
      messages: [{ role: 'user', content: 'hello' }],
    }),
  'openai, streamed': (safeFetch, settings) =>
    openai(safeFetch, settings).responses.create({ model: 'any', input: 'hello', stream: true }),
  '@anthropic-ai/sdk': (safeFetch, settings) =>
    anthropic(safeFetch, settings).messages.create({
      model: 'any',
      max_tokens: 1,
      messages: [{ role: 'user', content: 'hello' }],
    }),
}

describe.each(Object.entries(ask))('%s over an open breaker', (_, send) => {
  const rejected = async (
    options: ProtectFetchOptions,
    settings: Omit<Settings, 'baseURL'>,
  ): Promise<{
    readonly error: Caught
    readonly calls: number
  }> => {
    const upstream = await startUpstream()
    upstream.answer = status(500)
    const protectedFetch = protectFetch({
      failureLimit: fraction(1, 1),
      // It stays open, for its clock stands; and who repeats a request waits for a second only.
      cooldown: '1s',
      runtime: new FakeClock(),
      ...options,
    })(fetch)
    await protectedFetch(upstream.url)
    let calls = 0
    const counted: typeof fetch = (...args) => {
      calls++
      return protectedFetch(...args)
    }
    const error = await send(counted, { baseURL: upstream.url, ...settings }).catch(
      (thrown: unknown) => thrown,
    )
    expect(upstream.seen).toHaveLength(1)
    return { error: error as Caught, calls }
  }

  it('ends at once with the 503 of a rejection, and repeats nothing', async () => {
    const { error, calls } = await rejected({ fallback: rejectionResponse }, {})
    expect([error.status, calls]).toEqual([503, 1])
  })

  it('ends at once with the rejection as the cause, where it repeats nothing', async () => {
    const { error, calls } = await rejected({}, { maxRetries: 0 })
    expect(error.cause).toBeInstanceOf(ProtectedCallError)
    expect(calls).toBe(1)
  })
})
