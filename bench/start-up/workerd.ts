import { Miniflare, type MiniflareOptions, NoOpLog } from 'miniflare'

const DATE = '2026-04-01'

type Text = Readonly<Record<string, string>>

const common = {
  modules: true,
  compatibilityDate: DATE,
  host: '127.0.0.1',
  port: 0,
  // Past Miniflare's own front.
  unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  cf: false,
  log: new NoOpLog(),
} satisfies Partial<MiniflareOptions>

/** From the start of a workerd of its own to the end of its first response, in milliseconds. */
export async function processStart(script: string): Promise<number> {
  const started = performance.now()
  const miniflare = new Miniflare({ ...common, script })
  try {
    await miniflare.ready
    await text(await miniflare.unsafeGetDirectURL())
    return performance.now() - started
  } finally {
    await miniflare.dispose()
  }
}

/** Loads a Worker into an isolate of its own when that is first named. */
const LOADER = `export default {
  fetch(request, { LOADER, WORKERS, ENV }) {
    const { worker, isolate, path } = Object.fromEntries(new URL(request.url).searchParams)
    const code = () => ({ compatibilityDate: '${DATE}', mainModule: 'worker.js', modules: { 'worker.js': WORKERS[worker] }, env: ENV })
    return LOADER.get(isolate, code).getEntrypoint().fetch('http://worker' + path)
  }
}`

/** One workerd that loads Workers into fresh isolates: all that differs from one to the next is the Worker. */
export class Isolates {
  readonly #miniflare: Miniflare
  readonly #url: URL
  #made = 0

  private constructor(miniflare: Miniflare, url: URL) {
    this.#miniflare = miniflare
    this.#url = url
  }

  /** @param workers - scripts by name; @param env - what each of them gets as its bindings */
  static async start(workers: Text, env: Text): Promise<Isolates> {
    const miniflare = new Miniflare({
      ...common,
      script: LOADER,
      workerLoaders: { LOADER: {} },
      bindings: { WORKERS: workers, ENV: env },
    })
    await miniflare.ready
    return new Isolates(miniflare, await miniflare.unsafeGetDirectURL())
  }

  /** A new one: `get` says how long a request to it took, in milliseconds. The first one loads and evaluates the Worker. */
  fresh(worker: string): { get(path: string): Promise<number> } {
    const isolate = String(++this.#made)
    return {
      get: async (path) => {
        const url = new URL(this.#url)
        url.search = new URLSearchParams({ worker, isolate, path }).toString()
        const started = performance.now()
        await text(url)
        return performance.now() - started
      },
    }
  }

  close(): Promise<void> {
    return this.#miniflare.dispose()
  }
}

async function text(url: URL): Promise<void> {
  const response = await fetch(url)
  const body = await response.text()
  if (!response.ok) throw new Error(`${url.search} answered ${response.status}: ${body}`)
}
