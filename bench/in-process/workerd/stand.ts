import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare, NoOpLog } from 'miniflare'
import { startLocalNeon } from '../../../src/local/index.ts'
import { createDatabase, startPostgres } from '../../../test/support/postgres.ts'
import { Turnstile } from '../../../test/worker/turnstile.ts'

/** Workers, each in a workerd of its own: what the compiler made of one must not show in another. */
export interface Stand {
  /** By the name of the file in `workers/`. */
  readonly urls: ReadonlyMap<string, URL>
  /** How many requests came to the storage so far. */
  storageRequests(): number
  close(): Promise<void>
}

/** Over a real PostgreSQL behind the local Neon endpoint. */
export async function openStand(names: readonly string[]): Promise<Stand> {
  const opened: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const end of opened.splice(0).reverse()) await end()
  }
  try {
    const server = await startPostgres()
    opened.push(() => server.stop())
    const database = await createDatabase(server.url, 'bench')
    opened.push(() => database.drop())
    const endpoint = await startLocalNeon({ databaseUrl: database.url })
    opened.push(() => endpoint.close())
    const counter = await Turnstile.start(async ({ request, body }, response) => {
      const headers = Object.entries(request.headers).filter(([name]) =>
        name.startsWith('neon-'),
      ) as [string, string][]
      const answer = await fetch(endpoint.fetchEndpoint, { method: 'POST', headers, body })
      response
        .writeHead(answer.status, { 'content-type': 'application/json' })
        .end(await answer.text())
    })
    opened.push(() => counter.close())
    const urls = new Map<string, URL>()
    for (const name of names) {
      const worker = await startWorker(name, {
        DATABASE_URL: database.url,
        NEON_FETCH_ENDPOINT: `${counter.url}/sql`,
      })
      opened.push(() => worker.dispose())
      await worker.ready
      urls.set(name, await worker.unsafeGetDirectURL())
    }
    return { urls, storageRequests: () => counter.count('/sql'), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function startWorker(name: string, bindings: Record<string, string>): Promise<Miniflare> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`workers/${name}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker', 'import'],
    logLevel: 'error',
  })
  return new Miniflare({
    modules: true,
    script: outputFiles[0]!.text,
    bindings,
    compatibilityDate: '2026-04-01',
    host: '127.0.0.1',
    port: 0,
    // Miniflare's own front is slower than workerd.
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    // It would fetch a file from the internet.
    cf: false,
    log: new NoOpLog(),
  })
}
