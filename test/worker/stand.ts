import { EventEmitter, once } from 'node:events'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'
import { Miniflare, NoOpLog } from 'miniflare'
import type { Snapshot } from '../../src/core/snapshot.ts'
import { startLocalNeon } from '../../src/local/index.ts'
import { neonStorage } from '../../src/postgres/neon.ts'
import { root } from '../packaging/entries.ts'
import { createDatabase } from '../support/postgres.ts'
import { Turnstile } from './turnstile.ts'

/** What Workers need, each part of which can be made to wait: a database, and an upstream that they call. */
export interface Stand {
  /** In front of the local Neon endpoint. */
  readonly database: Turnstile
  /** Answers `upstreamStatus`. */
  readonly upstream: Turnstile
  upstreamStatus: number
  /** What a Worker needs to reach these. */
  readonly bindings: Readonly<Record<string, string>>
  /** Starts a Worker in a workerd of its own. `entry` is a path from this folder, or the Worker's code. */
  worker(entry: string | Code, bindings: Readonly<Record<string, string>>): Promise<Worker>
  /** What the storage knows of a breaker. */
  snapshot(resourceKey: string): Promise<Snapshot>
  close(): Promise<void>
}

/** A Worker in TypeScript, such as one that the documentation shows. */
export interface Code {
  readonly code: string
}

export interface Worker {
  get(path: string, init?: RequestInit): Promise<Response>
  /** What a cron trigger does. @returns how it ended: `ok`, or `exception` */
  scheduled(): Promise<string>
  /** A visitor who can go away. */
  visit(path: string): Visitor
  /** What it said on its console so far. */
  console(): string
}

export interface Visitor {
  /** The head of the answer, once there is one. */
  readonly answer: Promise<string>
  /** Resets the connection. */
  hangUp(): void
}

/** Is this a request for a permit? */
export const isAcquire = ({ body }: { readonly body: string }): boolean =>
  body.includes('\\"type\\":\\"acquire\\"')

export async function openStand(postgresUrl: string): Promise<Stand> {
  const given = await createDatabase(postgresUrl, 'worker')
  const endpoint = await startLocalNeon({ databaseUrl: given.url })
  const database = await Turnstile.start(async ({ request, body }, response) => {
    const headers = Object.entries(request.headers).filter(([name]) =>
      name.startsWith('neon-'),
    ) as [string, string][]
    const answer = await fetch(endpoint.fetchEndpoint, { method: 'POST', headers, body })
    response
      .writeHead(answer.status, { 'content-type': 'application/json' })
      .end(await answer.text())
  })
  const upstream = await Turnstile.start((_, response) => {
    response.writeHead(stand.upstreamStatus).end('the upstream')
  })
  const storage = neonStorage(endpoint.databaseUrl, { fetchEndpoint: endpoint.fetchEndpoint })
  const workers: Miniflare[] = []

  const stand: Stand = {
    database,
    upstream,
    upstreamStatus: 200,
    bindings: {
      DATABASE_URL: endpoint.databaseUrl,
      NEON_FETCH_ENDPOINT: `${database.url}/sql`,
      UPSTREAM_URL: upstream.url,
    },
    async worker(entry, bindings) {
      const output: string[] = []
      const miniflare = new Miniflare({
        modules: true,
        script: await bundle(entry),
        bindings: { ...bindings },
        compatibilityDate: '2026-04-01',
        host: '127.0.0.1',
        port: 0,
        // Miniflare's own front would not notice that a visitor is gone.
        unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
        cf: false,
        log: new NoOpLog(),
        handleRuntimeStdio(stdout: Readable, stderr: Readable) {
          for (const stream of [stdout, stderr])
            stream.on('data', (chunk: Buffer) => output.push(chunk.toString()))
        },
      })
      workers.push(miniflare)
      await miniflare.ready
      const url = await miniflare.unsafeGetDirectURL()
      return {
        get: (path, init) => fetch(new URL(path, url), init),
        async scheduled() {
          const worker: unknown = await miniflare.getWorker()
          return (await (worker as Scheduled).scheduled()).outcome
        },
        visit: (path) => visit(url, path),
        console: () => output.join(''),
      }
    },
    async snapshot(resourceKey) {
      return (await storage.exchange([{ resourceKey, namespace: 'default' }]))[0]!.snapshot
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.dispose()))
      await Promise.all([database.close(), upstream.close()])
      await endpoint.close()
      await given.drop()
    },
  }
  return stand
}

function visit(url: URL, path: string): Visitor {
  const socket = connect(Number(url.port), url.hostname)
  const events = new EventEmitter()
  const answer = once(events, 'answer').then(([data]) => String(data))
  socket.once('data', (data) => {
    events.emit('answer', data)
    socket.destroy()
  })
  socket.on('error', () => {})
  socket.write(`GET ${path} HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`)
  return { answer, hangUp: () => socket.resetAndDestroy() }
}

/** As miniflare's own types would say, had they the platform's. */
interface Scheduled {
  scheduled(): Promise<{ readonly outcome: string }>
}

const bundles = new Map<string | Code, Promise<string>>()

/** One file of a Worker and of all that it imports, as wrangler makes it. */
function bundle(entry: string | Code): Promise<string> {
  const known =
    bundles.get(entry) ??
    bundled(
      typeof entry === 'string'
        ? { entryPoints: [fileURLToPath(new URL(entry, import.meta.url))] }
        : { stdin: { contents: entry.code, loader: 'ts', resolveDir: root } },
    )
  bundles.set(entry, known)
  return known
}

async function bundled(entry: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    ...entry,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker', 'import'],
    // workerd knows no decorators.
    target: 'es2022',
    logLevel: 'error',
  })
  return outputFiles![0]!.text
}
