import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import parse from 'parse-prometheus-text-format'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { fraction } from '../../src/core/limits.ts'
import { InMemoryStorage } from '../../src/fleet/memory.ts'
import type { CircuitStorage } from '../../src/fleet/port.ts'
import { prometheusText } from '../../src/metrics/index.ts'
import { sharedLine } from '../../src/storage.ts'
import { FakeClock } from '../../src/testing/index.ts'
import { Reporter } from '../browser/scene.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const ENV = { DATABASE_URL: 'postgres://db', ALERT_WEBHOOK: 'https://hooks.example/alerts' }

declare global {
  /** What the examples' `neonStorage` gives them here. */
  var storageOfTheExample: CircuitStorage
}

/** The example under this heading of docs/observability.md, as a module that runs against a storage of the test. */
async function example<T>(folder: string, heading: string, isolate = 0): Promise<T> {
  const text = await readFile(join(root, 'docs/observability.md'), 'utf8')
  const code = /```ts\n(.*?)```/s.exec(text.slice(text.indexOf(heading)))![1]!
  const file = join(folder, `${heading.replace(/\W+/g, '-')}.mjs`)
  const neon = join(folder, 'neon.mjs')
  await writeFile(neon, 'export const neonStorage = () => globalThis.storageOfTheExample')
  await build({
    stdin: { contents: code, loader: 'ts', resolveDir: root },
    alias: { 'resilient-circuit/neon': neon, 'resilient-circuit': join(root, 'src/index.ts') },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    outfile: file,
  })
  // Each isolate loads it anew.
  return (await import(`${pathToFileURL(file).href}?isolate=${isolate}`)).default
}

/** The storage as one isolate of a fleet sees it. */
const seenFrom = (storage: CircuitStorage): CircuitStorage => ({
  shared: true,
  line: sharedLine,
  exchange: (...args) => storage.exchange(...args),
  acquire: (...args) => storage.acquire(...args),
  control: (...args) => storage.control(...args),
  list: (...args) => storage.list(...args),
  history: (...args) => storage.history(...args),
  prune: (...args) => storage.prune(...args),
})

describe('the examples of docs/observability.md', () => {
  let folder: string
  const posted: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(root, 'node_modules/.cache-alerts-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  beforeEach(() => {
    posted.length = 0
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      if (url !== ENV.ALERT_WEBHOOK) return new Response(null, { status: 500 })
      posted.push(JSON.parse(String(init.body)).text)
      return new Response()
    })
  })
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it('post to a webhook once for the fleet, as soon as the circuit opens', async () => {
    type Worker = { fetch(request: Request, env: object, ctx: object): Promise<Response> }
    const storage = new InMemoryStorage()
    const fleet: (() => Promise<string>)[] = []
    for (const isolate of [1, 2, 3]) {
      const worker = await example<Worker>(folder, '### At once, from a Worker', isolate)
      const seen = seenFrom(storage)
      fleet.push(async () => {
        globalThis.storageOfTheExample = seen
        const work: Promise<unknown>[] = []
        const ctx = { waitUntil: (promise: Promise<unknown>) => work.push(promise) }
        const answer = worker.fetch(new Request('https://shop.example'), ENV, ctx)
        const said = await answer.catch((error: Error) => error.name)
        await Promise.all(work)
        return String(said)
      })
    }
    for (let round = 0; round < 3; round++) for (const call of fleet) await call()
    // All have heard of it, and one has told.
    for (const call of fleet) await expect.poll(call).toBe('ProtectedCallError')
    expect(posted).toEqual(['payments: CLOSED -> OPEN (failure_limit)'])
  })

  it('read from the history what opened, each once, whenever the trigger fires', async () => {
    type Cron = { scheduled(event: { scheduledTime: number }, env: object): Promise<void> }
    const cron = await example<Cron>(folder, '### Never lost, from a cron trigger')
    const start = Date.UTC(2026, 0, 1)
    let now = start
    const storage = new InMemoryStorage({ clock: () => now, historyLimit: 10_000 })
    globalThis.storageOfTheExample = storage
    const opened: string[] = []
    for (let minute = 1; minute <= 60; minute++) {
      now = start + minute * 60_000
      if (minute % 3 === 0) {
        await new Reporter(storage, `k${minute}`, 'n', {}).report('1')
        opened.push(`n/k${minute} opened: failure_limit`)
      }
      if (minute % 5 !== 0) continue
      // A trigger fires when it can: what counts is the time that it was meant for.
      now += ((minute * 7) % 40) * 1_000
      await cron.scheduled({ scheduledTime: start + minute * 60_000 }, ENV)
    }
    // The line of the last minute is the next run's.
    expect(posted.flatMap((text) => text.split('\n'))).toEqual(opened.slice(0, -1))
  })
})

/** The condition of an alert of docs/observability.md. */
async function ruleOf(alert: string): Promise<string> {
  const text = await readFile(join(root, 'docs/observability.md'), 'utf8')
  const rule = text.slice(text.indexOf(`- alert: ${alert}\n`)).slice(1)
  const [, expression] = /expr: \|?(.*?)\n *(?:for:|keep_firing_for:|- alert:|```)/s.exec(rule)!
  return expression!.replace(/\s+/g, ' ').trim()
}

const CONDITION =
  /^(?:avg_over_time\()?resilient_circuit_(\w+)(?:\{(\w+)="(\w+)"\})?(?:\[\w+\]\))?(?: (==|>) ([\d.]+))?$/

/** The breakers for which a rule of `and` and `unless` holds, had everything been as it is for as long as it looks back. */
function firing(rule: string, text: string): string[] {
  const families = parse(text)
  const holds = (condition: string): string[] => {
    const [, name, label, wanted, sign, limit] = CONDITION.exec(condition)!
    const family = families.find((found) => found.name === `resilient_circuit_${name}`)
    return (family?.metrics ?? [])
      .filter(({ labels }) => label === undefined || labels![label] === wanted)
      .filter(({ value }) => {
        if (sign === undefined) return true
        return sign === '==' ? Number(value) === Number(limit) : Number(value) > Number(limit)
      })
      .map(({ labels }) => labels!['resource_key']!)
  }
  const [first, ...rest] = rule.split(/ (?=and |unless )/)
  return rest.reduce((found, part) => {
    const [, word, condition] = /^(and|unless) (?:on \([\w, ]+\) )?(.*)$/.exec(part)!
    const others = new Set(holds(condition!))
    return found.filter((key) => others.has(key) === (word === 'and'))
  }, holds(first!))
}

describe('the rule CircuitOpen of docs/observability.md', () => {
  it('fires for what rejects calls by itself, and ends with the cooldown though nobody calls', async () => {
    const clock = new FakeClock()
    const storage = new InMemoryStorage({ clock: clock.now })
    const at = (key: string) =>
      new Reporter(storage, key, 'n', { failureLimit: fraction(1, 2), cooldown: '10m' })
    const order = (key: string, override: 'FORCED_OPEN' | 'METRICS_ONLY') =>
      storage.control({
        ...at(key).id,
        command: {
          order: { command: 'override', override, forMs: null },
          actor: null,
          reason: null,
        },
      })
    for (const key of ['broken', 'watched']) await at(key).report('01')
    await at('calm').report('0')
    await order('watched', 'METRICS_ONLY')
    await order('isolated', 'FORCED_OPEN')
    const rule = await ruleOf('CircuitOpen')
    expect(firing(rule, await prometheusText(storage))).toEqual(['broken'])
    clock.advance(600_000)
    expect(firing(rule, await prometheusText(storage))).toEqual([])
    // Until the next call, which probes: it fails, and the alert is back.
    const token = await at('broken').probe()
    expect(firing(rule, await prometheusText(storage))).toEqual([])
    await at('broken').report('1', { tokens: [token!] })
    expect(firing(rule, await prometheusText(storage))).toEqual(['broken'])
  })
})
