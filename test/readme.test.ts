import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { root } from './packaging/entries.ts'
import { snippets } from './packaging/snippets.ts'
import { RUNTIMES, type Runtime } from './runtimes/differences.ts'
import { startProgram } from './runtimes/project.ts'
import { openStand, type Stand } from './worker/stand.ts'
import { Turnstile } from './worker/turnstile.ts'

const UPSTREAM = 'https://api.payments.example'
const shown = snippets().filter(
  ({ place, code }) => place.startsWith('README.md') && code.includes(UPSTREAM),
)

/** The route that the README protects, as it stands there, but for the address of its upstream. */
const route = (upstream: string) => shown[0]!.code.replaceAll(UPSTREAM, upstream)

/** Sends the body of a charge. @returns the status, and what the answer says */
type Charge = (body: string) => Promise<Response>

const charging =
  (send: (path: string, init: RequestInit) => Promise<Response>): Charge =>
  (body) =>
    send('/pay/charge', { method: 'POST', body })

const serverOf = (name: string) =>
  fileURLToPath(new URL(`./runtimes/serve.${name}.ts`, import.meta.url))

/** Has the servers of the runtimes serve this module in place of their app, as the README says it. */
const serving = (code: string): Plugin => ({
  name: 'the app of the README',
  setup(build) {
    build.onResolve({ filter: /^\.\/app\.ts$/ }, () => ({ path: 'server', namespace: 'readme' }))
    build.onResolve({ filter: /^readme$/ }, () => ({ path: 'route', namespace: 'readme' }))
    build.onLoad({ filter: /./, namespace: 'readme' }, ({ path }) => ({
      loader: 'ts',
      resolveDir: root,
      contents:
        path === 'route'
          ? code
          : `import readme from 'readme'
             export const app = { fetch: (request: Request) => readme.fetch(request, process.env) }`,
    }))
  },
})

async function start(
  name: string,
  { command }: Runtime,
  stand: Stand,
): Promise<{ charge: Charge; stop(): Promise<unknown> }> {
  const code = route(stand.upstream.url)
  const url = new URL(stand.bindings['DATABASE_URL']!)
  url.searchParams.set('fetch_endpoint', stand.bindings['NEON_FETCH_ENDPOINT']!)
  const env = { DATABASE_URL: url.href }
  if (command === null) {
    const worker = await stand.worker({ code }, env)
    return { charge: charging(worker.get), stop: async () => {} }
  }
  const options = { env, plugins: [serving(code)] }
  const { firstLine, stop } = await startProgram(serverOf(name), {}, command, options)
  return { charge: charging((path, init) => fetch(new URL(path, firstLine), init)), stop }
}

it('the README shows one route whose upstream can be told', () => {
  expect(shown.map(({ code }) => code.split(UPSTREAM).length - 1)).toEqual([1])
})

describe.each(Object.entries(RUNTIMES))('the route of the README on %s', (name, runtime) => {
  let stand: Stand
  let server: Awaited<ReturnType<typeof start>>

  beforeAll(async () => {
    stand = await openStand(inject('postgresUrl'))
    server = await start(name, runtime, stand)
  })
  afterAll(async () => {
    await server?.stop()
    await stand?.close()
  })

  it('hands on what it is sent, and is a 503 after five failures of ten', async () => {
    const bodies: string[] = []
    stand.upstream.hold(({ body }) => {
      bodies.push(body)
      return false
    })
    for (let order = 0; order < 5; order++) {
      const answer = await server.charge(`order ${order}`)
      expect([answer.status, await answer.text()]).toEqual([200, 'the upstream'])
    }
    expect(bodies).toEqual(['order 0', 'order 1', 'order 2', 'order 3', 'order 4'])
    stand.upstreamStatus = 500
    for (let order = 5; order < 10; order++)
      expect((await server.charge(`order ${order}`)).status).toBe(500)
    // On a slow machine the cooldown may be over, and a probe goes out.
    await expect
      .poll(async () => {
        const { status, headers } = await server.charge('one more')
        const stored = await stand.snapshot('payment_service')
        return {
          status,
          type: headers.get('content-type'),
          waits: Number(headers.get('retry-after')) > 0,
          isStored: stored.opens > 0,
        }
      })
      .toEqual({ status: 503, type: 'application/problem+json', waits: true, isStored: true })
  })
})

describe('the Worker of the README on `resilient-circuit dev`', () => {
  it('stops in an instance that saw no failure, for what two others saw', async () => {
    const stand = await openStand(inject('postgresUrl'))
    const upstream = await Turnstile.start(({ body }, response) =>
      response.writeHead(body === 'bad' ? 500 : 200).end(),
    )
    const command = [`${root}dist/cli/main.js`, 'dev', '--port', '0', '--json']
    const dev = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(dev, 'close')
    try {
      const [line] = await once(createInterface(dev.stdout), 'line')
      const { DATABASE_URL } = JSON.parse(line)
      const code = route(upstream.url)
      const [good, ...bad] = await Promise.all(
        [1, 2, 3].map(async () => charging((await stand.worker({ code }, { DATABASE_URL })).get)),
      )
      expect((await good!('good')).status).toBe(200)
      await expect
        .poll(async () => {
          for (const each of bad) await each('bad')
          return (await good!('good')).status
        })
        .toBe(503)
      dev.kill('SIGINT')
      expect(await ended).toEqual([0, null])
    } finally {
      dev.kill('SIGKILL')
      await ended
      await upstream.close()
      await stand.close()
    }
  })
})
