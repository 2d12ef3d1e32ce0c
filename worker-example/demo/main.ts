import { parseArgs } from 'node:util'
import { startLocalNeon } from 'resilient-circuit/local'
import { neonStorage } from 'resilient-circuit/neon'
import { startFleet } from './fleet.ts'
import { paint, print, seconds } from './paper.ts'
import { startTimeline, type Timeline } from './timeline.ts'
import { startTraffic, type Traffic } from './traffic.ts'
import { startUpstream } from './upstream.ts'
import { judge } from './verdict.ts'

/** For this machine alone: all that is started here listens on 127.0.0.1. */
const DASHBOARD_PASSWORD = 'local'
/** After this the story has gone wrong, and ends as it is. */
const LONGEST_MS = 28_000

const interrupted = new AbortController()
listenToSignals()

/** What was started, to be stopped in the opposite order. */
const started: (() => Promise<unknown>)[] = []

try {
  const { values } = parseArgs({ options: { serve: { type: 'boolean', default: false } } })
  process.exitCode = await (values.serve ? serve() : demonstrate())
} catch (error) {
  if (!interrupted.signal.aborted) throw error
} finally {
  for (const stop of started.reverse()) await stop()
}

/** Breaks the upstream, heals it, and watches what the fleet does. */
async function demonstrate(): Promise<number> {
  const scene = await setUp()
  if (interrupted.signal.aborted) return 130
  const { instances, upstream } = scene
  print('Each mark is one customer: + paid, x the upstream failed, - stopped by the breaker.\n')
  const { timeline, traffic } = watch(scene, 180, 500)
  const deadline = Date.now() + LONGEST_MS

  await sleep(2_000)
  const brokenAt = Date.now()
  upstream.dead = true
  timeline.note(paint(['bold', 'red'], 'the upstream breaks'))
  await until(() => opens(timeline) >= 2, deadline)
  await sleep(700)
  upstream.dead = false
  timeline.note(paint(['bold', 'green'], 'the upstream is well again'))
  await until(() => timeline.transitions.at(-1)?.to === 'CLOSED', deadline)
  await sleep(2_500)
  await traffic.stop()
  await timeline.stop()
  if (interrupted.signal.aborted) return 130

  const { visits } = traffic
  const { hits } = upstream
  const names = instances.map(({ name }) => name)
  const findings = judge({ names, transitions: timeline.transitions, hits, visits, brokenAt })
  const dead = visits.filter((visit) => visit.dead)
  print(`\n${paint('bold', 'Summary')}`)
  print(`  ${visits.length} customers came, ${dead.length} of them while the upstream was down`)
  print(
    `  ${hits.filter((hit) => hit.dead).length} calls reached the dead upstream; without a breaker ${dead.length} would have`,
  )
  print(
    `  ${visits.filter((visit) => visit.answer === 'rejected').length} customers got a quick 503 with Retry-After\n`,
  )
  for (const { right, text } of findings)
    print(`  ${right ? paint('green', 'ok  ') : paint('red', 'FAIL')} ${text}`)
  return findings.every(({ right }) => right) ? 0 : 1
}

/** Keeps everything running, with a little traffic, until Ctrl-C. */
async function serve(): Promise<number> {
  let timeline: Timeline | undefined
  const scene = await setUp((dead) =>
    timeline?.note(`the upstream ${dead ? 'breaks' : 'is well again'}`),
  )
  if (interrupted.signal.aborted) return 0
  const { instances, upstream, db } = scene
  const first = instances[0]!
  for (const { name, url } of instances) print(`  ${name.padEnd(10)} ${url}/pay/1   ${url}/status`)
  print(`\n  break the upstream   curl -X POST ${upstream.url}/break`)
  print(`  heal it              curl -X POST ${upstream.url}/heal`)
  print(`  see the breaker      curl ${first.url}/status`)
  print(
    `  see and steer it     ${first.url}/circuits   (user admin, password ${DASHBOARD_PASSWORD})`,
  )
  print(`\n  database             DATABASE_URL=${db.databaseUrl}`)
  print(`                       NEON_FETCH_ENDPOINT=${db.fetchEndpoint}`)
  print(`\nEach instance has a customer every second. Ctrl-C ends it.\n`)
  const watched = watch(scene, 1_000, 0)
  timeline = watched.timeline
  await until(() => false, Number.POSITIVE_INFINITY)
  await watched.traffic.stop()
  await watched.timeline.stop()
  return 0
}

async function setUp(changed?: (dead: boolean) => void) {
  const begin = performance.now()
  print(
    paint(
      'dim',
      'Starting a PostgreSQL behind a local Neon endpoint, an upstream, and three Workers …',
    ),
  )
  const upstream = await startUpstream(changed)
  started.push(() => upstream.close())
  const db = await startLocalNeon()
  started.push(() => db.close())
  const instances = await startFleet({
    DATABASE_URL: db.databaseUrl,
    NEON_FETCH_ENDPOINT: db.fetchEndpoint,
    UPSTREAM_URL: upstream.url,
    DASHBOARD_PASSWORD,
  })
  started.push(() => Promise.all(instances.map((instance) => instance.stop())))
  listenToSignals()
  const storage = neonStorage(db.databaseUrl, { fetchEndpoint: db.fetchEndpoint })
  print(paint('dim', `… took ${seconds(performance.now() - begin)}\n`))
  return { upstream, db, instances, storage }
}

function watch(
  { instances, upstream, storage }: Awaited<ReturnType<typeof setUp>>,
  everyMs: number,
  rowEveryMs: number,
): { readonly timeline: Timeline; readonly traffic: Traffic } {
  const traffic = startTraffic(instances, everyMs, () => upstream.dead)
  const timeline = startTimeline({
    instances,
    upstream,
    visits: traffic.visits,
    storage,
    rowEveryMs,
  })
  return { timeline, traffic }
}

/** Miniflare listens, too, and would end the process before all is stopped. */
function listenToSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.removeAllListeners(signal)
    process.once(signal, () => interrupted.abort())
  }
}

function opens({ transitions }: Timeline): number {
  return transitions.filter(({ to }) => to === 'OPEN').length
}

/** Ends when it holds, the time is up, or somebody presses Ctrl-C. */
async function until(holds: () => boolean, deadline: number): Promise<void> {
  while (!holds() && Date.now() < deadline && !interrupted.signal.aborted) await sleep(50)
}

/** Ends early at Ctrl-C. */
function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, interrupted.signal.aborted ? 0 : ms)
    function done() {
      clearTimeout(timer)
      interrupted.signal.removeEventListener('abort', done)
      resolve()
    }
    interrupted.signal.addEventListener('abort', done)
  })
}
