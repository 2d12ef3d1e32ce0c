import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'
import { Miniflare, NoOpLog } from 'miniflare'
import { startLocalNeon } from 'resilient-circuit/local'
import { entries, peers, root } from '../packaging/entries.ts'
import { createDatabase } from '../support/postgres.ts'
import { Turnstile } from '../worker/turnstile.ts'
import type { Runtime } from './differences.ts'

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

export async function openStand(name: string, runtime: Runtime, postgresUrl: string): Promise<Stand> {
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
      const headers = Object.entries(request.headers).filter(([header]) => header.startsWith('neon-')) as [string, string][]
      const answer = await fetch(endpoint.fetchEndpoint, { method: 'POST', headers, body })
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
    })
    opened.push(() => database.close())
    const upstream = await Turnstile.start((_, response) => response.writeHead(stand.upstreamStatus).end('the upstream'))
    opened.push(() => upstream.close())

    const known = { databaseUrl: endpoint.databaseUrl, fetchEndpoint: `${database.url}/sql`, upstream: upstream.url }
    const serve = fileURLToPath(new URL(`serve.${name}.ts`, import.meta.url))
    const define = { STAND: JSON.stringify(known) }
    const { url, stop } = await (runtime.command ? startProcess(serve, define, runtime.command) : startWorker(serve, define))
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

async function bundled(options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    logLevel: 'error',
    ...options,
  })
  return outputFiles![0]!.text
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
      ...entries.map(({ name }) => esModule(name, { stdin: { contents: `export * from '${name}'`, resolveDir: root } })),
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

/** In a project that has the package installed, as its users do: only the app itself is built. */
async function startProcess(
  entry: string,
  define: Record<string, string>,
  command: NonNullable<Runtime['command']>,
): Promise<Running> {
  const project = await mkdtemp(join(tmpdir(), 'resilient-circuit-'))
  const remove = () => rm(project, { recursive: true, force: true })
  try {
    for (const name of ['@hono/node-server', ...peers]) await link(project, name, join(root, 'node_modules', name))
    await link(project, 'resilient-circuit', root)
    await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
    await writeFile(join(project, 'serve.js'), await bundled({ entryPoints: [entry], define, packages: 'external' }))
    const [program, ...args] = command('serve.js')
    // It ends when its standard input does, so that it never outlives us.
    const child = spawn(program!, args, { cwd: project, stdio: ['pipe', 'pipe', 'pipe'] })
    const stop = async () => {
      const ended = once(child, 'close')
      child.kill()
      await ended
      await remove()
    }
    return { url: await firstLine(child), stop }
  } catch (error) {
    await remove()
    throw error
  }
}

async function link(project: string, name: string, target: string): Promise<void> {
  const at = join(project, 'node_modules', name)
  await mkdir(dirname(at), { recursive: true })
  await symlink(target, at)
}

async function firstLine(child: ChildProcess): Promise<string> {
  let errors = ''
  child.stderr!.on('data', (chunk) => {
    errors += chunk
  })
  const lines = createInterface(child.stdout!)
  const failed = once(child, 'close').then(([code]) => {
    throw new Error(`it ended with exit code ${code}: ${errors}`)
  })
  const [line] = await Promise.race([once(lines, 'line'), failed])
  failed.catch(() => {})
  return line
}
