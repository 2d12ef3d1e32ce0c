import { describe, expect, it } from 'vitest'
import { protectFetch } from '../../src/fetch/index.ts'
import { startUpstream } from './upstream.ts'

const headers = { 'content-type': 'text/plain', 'x-from': 'caller' }
const options = { method: 'PUT', headers, body: 'all of it' }

class Prepared {
  readonly #method = 'PUT'
  get method(): string {
    return this.#method
  }
  get headers(): Headers {
    return new Headers(headers)
  }
  get body(): string {
    return 'all of it'
  }
}

class PreparedFurther extends Prepared {
  readonly #tag = 'further'
  override get headers(): Headers {
    return new Headers({ ...headers, 'x-tag': this.#tag })
  }
}

const streamed = () =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('all '))
      controller.enqueue(new TextEncoder().encode('of it'))
      controller.close()
    },
  })

/** The ways in which people say what to send. Each is made anew, for a body can be read once. */
const inits: Record<string, (url: string) => RequestInit | undefined> = {
  nothing: () => undefined,
  'an empty object': () => ({}),
  'an object': () => options,
  'an object without a prototype': () => Object.assign(Object.create(null), options),
  'an object with Headers': () => ({ ...options, headers: new Headers(headers) }),
  'an object with pairs of headers': () => ({ ...options, headers: Object.entries(headers) }),
  'an object that inherits its fields': () => Object.create(options),
  'an object that inherits fields from one without a prototype': () =>
    Object.create(Object.assign(Object.create(null), options)),
  'an object with getters that are not listed': () =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        Object.entries(options).map(([name, value]) => [name, { get: () => value }]),
      ),
    ),
  'an instance with getters': () => new Prepared(),
  'an instance with inherited getters': () => new PreparedFurther(),
  'an object with a stream': () => ({ ...options, body: streamed(), duplex: 'half' }),
  'an object with a signal': () => ({ ...options, signal: new AbortController().signal }),
  'an object without a signal': () => ({ ...options, signal: null }),
  'a frozen object': () => Object.freeze({ ...options }),
  'a Request': (url) => new Request(url, options),
  'a Request with a stream': (url) =>
    new Request(url, { ...options, body: streamed(), duplex: 'half' } as RequestInit),
  'a Request with a signal': (url) =>
    new Request(url, { ...options, signal: new AbortController().signal }),
  'a Request without a body': (url) => new Request(url, { method: 'DELETE', headers }),
}

const inputs: Record<string, (url: string) => string | URL | Request> = {
  'a text': (url) => url,
  'a URL': (url) => new URL(url),
  'a Request': (url) => new Request(url, { headers: { 'x-from': 'request' } }),
  'a Request with a body': (url) => new Request(url, { ...options, method: 'POST' }),
}

const table = Object.keys(inputs).flatMap((input) =>
  Object.keys(inits).map((init) => [input, init] as const),
)

describe.each([undefined, '1h'] as const)('what is sent with timeout %s', (timeout) => {
  it.each(table)('is what fetch sends for %s and %s', async (input, init) => {
    const upstream = await startUpstream()
    upstream.answer = async (request, response) => {
      const body: Buffer[] = []
      for await (const chunk of request) body.push(chunk)
      const { method, rawHeaders } = request
      response.end(JSON.stringify([method, rawHeaders, Buffer.concat(body).toString()]))
    }
    const safeFetch = protectFetch(timeout && { timeout })(fetch)
    const sentBy = async (send: typeof fetch) =>
      (await send(inputs[input]!(upstream.url), inits[init]!(upstream.url))).json()
    expect(await sentBy(safeFetch)).toEqual(await sentBy(fetch))
  })
})

describe('the signal of an init', () => {
  it.each(['a Request with a signal', 'an object that inherits its fields'])(
    'still ends the request beside a timeout: %s',
    async (kind) => {
      const upstream = await startUpstream()
      upstream.answer = () => controller.abort(new Error('enough'))
      const controller = new AbortController()
      const init =
        kind === 'a Request with a signal'
          ? new Request(upstream.url, { signal: controller.signal })
          : (Object.create({ signal: controller.signal }) as RequestInit)
      const safeFetch = protectFetch({ timeout: '1h' })(fetch)
      await expect(safeFetch(upstream.url, init)).rejects.toThrow('enough')
    },
  )
})
