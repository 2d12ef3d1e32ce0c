import { builtinModules } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { BuildOptions } from 'esbuild'
import { Miniflare, NoOpLog } from 'miniflare'
import { startLocalNeon } from 'resilient-circuit/local'
import { entries, root } from '../packaging/entries.ts'
import { createDatabase } from '../support/postgres.ts'
import { Turnstile } from '../worker/turnstile.ts'
import type { Runtime } from './differences.ts'
import { bundled, startProgram } from './project.ts'

/** The app on one runtime, with a database and an upstream of its own. */
export interface Stand {
  readonly runtime: Runtime
  /** In front of the local Neon endpoint. */
  readonly database: Turnstile
  /** While true the database does not answer. */
  outage: boolean
  readonly upstream: Turnstile
  /** What the upstream answers with. */
  upstreamStatus: number
  get(path: string): Promise<Response>
  close(): Promise<void>
}

interface Running {
  readonly url: string
  stop(): Promise<unknown>
}

export async function openStand(
  name: string,
  runtime: Runtime,
  postgresUrl: string,
): Promise<Stand> {
  const opened: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const end of opened.splice(0).reverse()) await end()
  }
  try {
    const given = await createDatabase(postgresUrl, name)
    opened.push(() => given.drop())
    const endpoint = await startLocalNeon({ databaseUrl: given.url })
    opened.push(() => endpoint.close())
    const database = await Turnstile.start(async ({ request, body }, response) => {
      if (stand.outage) return void response.destroy()
      const headers = Object.entries(request.headers).filter(([header]) =>
        header.startsWith('neon-'),
      ) as [string, string][]
      const answer = await fetch(endpoint.fetchEndpoint, { method: 'POST', headers, body })
      response
        .writeHead(answer.status, { 'content-type': 'application/json' })
        .end(await answer.text())
    })
    opened.push(() => database.close())
    const upstream = await Turnstile.start((_, response) =>
      response.writeHead(stand.upstreamStatus).end('the upstream'),
    )
    opened.push(() => upstream.close())

    const known = {
      databaseUrl: endpoint.databaseUrl,
      fetchEndpoint: `${database.url}/sql`,
      upstream: upstream.url,
    }
    const serve = fileURLToPath(new URL(`serve.${name}.ts`, import.meta.url))
    const define = { STAND: JSON.stringify(known) }
    const { url, stop } = await (runtime.command
      ? startServer(serve, define, runtime.command)
      : startWorker(serve, define))
    opened.push(stop)

    const stand: Stand = {
      runtime,
      database,
      outage: false,
      upstream,
      upstreamStatus: 200,
      get: (path) => fetch(new URL(path, url)),
      close,
    }
    return stand
  } catch (error) {
    await close()
    throw error
  }
}

async function startWorker(entry: string, define: Record<string, string>): Promise<Running> {
  const esModule = async (path: string, from: BuildOptions) => ({
    type: 'ESModule' as const,
    path,
    contents: await bundled({
      define,
      conditions: ['workerd', 'worker'],
      // Left for the Worker to look for.
      external: ['node:*', ...builtinModules, '@electric-sql/pglite'],
      ...from,
    }),
  })
  const worker = new Miniflare({
    // Beside it is what it loads while it runs.
    modules: await Promise.all([
      esModule('serve.js', { entryPoints: [entry] }),
      ...entries.map(({ name }) =>
        esModule(name, { stdin: { contents: `export * from '${name}'`, resolveDir: root } }),
      ),
    ]),
    compatibilityDate: '2026-04-01',
    host: '127.0.0.1',
    port: 0,
    // It would fetch a file from the internet.
    cf: false,
    log: new NoOpLog(),
  })
  try {
    return { url: (await worker.ready).origin, stop: () => worker.dispose() }
  } catch (error) {
    await worker.dispose()
    throw error
  }
}

async function startServer(
  entry: string,
  define: Record<string, string>,
  command: NonNullable<Runtime['command']>,
): Promise<Running> {
  const { firstLine, stop } = await startProgram(entry, define, command)
  return { url: firstLine, stop }
}
