import { readFile } from 'node:fs/promises'
import parse from 'parse-prometheus-text-format'
import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../src/core/errors.ts'
import { failureRate, fraction } from '../../src/core/limits.ts'
import { InMemoryStorage } from '../../src/fleet/memory.ts'
import { prometheusResponse, prometheusText } from '../../src/metrics/index.ts'
import { FakeClock } from '../../src/testing/index.ts'
import { Reporter } from '../browser/scene.ts'
import { broken, watched } from '../dashboard/support.ts'

function fleet() {
  const clock = new FakeClock()
  const storage = new InMemoryStorage({ clock: clock.now })
  return {
    clock,
    storage,
    at: (key: string, namespace = 'n', settings = {}) =>
      new Reporter(storage, key, namespace, settings),
  }
}

/** The samples of one metric, by the values of their labels. */
function samplesOf(text: string, name: string): Record<string, number> {
  const family = parse(text).find((found) => found.name === `resilient_circuit_${name}`)
  return Object.fromEntries(
    (family?.metrics ?? []).map(({ labels, value }) => [
      Object.values(labels ?? {}).join(' '),
      Number(value),
    ]),
  )
}

describe('Prometheus text', () => {
  it('says of each breaker what state it is in, and why', async () => {
    const { storage, at, clock } = fleet()
    await at('open', 'n', { failureLimit: fraction(2, 4), cooldown: '30s' }).report('0011')
    await at('calm', 'n', {
      failureLimit: failureRate(0.5, { over: '10s', minimumThroughput: 20 }),
    }).report('0001')
    const text = await prometheusText(storage)
    expect(samplesOf(text, 'state')).toEqual({
      'open n OPEN': 1,
      'open n DUE': 0,
      'open n HALF_OPEN': 0,
      'open n CLOSED': 0,
      'calm n OPEN': 0,
      'calm n DUE': 0,
      'calm n HALF_OPEN': 0,
      'calm n CLOSED': 1,
    })
    expect(samplesOf(text, 'window_failures')).toEqual({ 'open n': 2, 'calm n': 1 })
    expect(samplesOf(text, 'window_successes')).toEqual({ 'open n': 2, 'calm n': 3 })
    expect(samplesOf(text, 'failure_ratio_limit')).toEqual({ 'open n': 0.5, 'calm n': 0.5 })
    expect(samplesOf(text, 'open_until_timestamp_seconds')).toEqual({
      'open n': clock.now() / 1_000 + 30,
    })
    expect(samplesOf(text, 'consecutive_opens')).toEqual({ 'open n': 1, 'calm n': 0 })
    expect(samplesOf(text, 'breakers')).toEqual({ OPEN: 1, DUE: 0, HALF_OPEN: 0, CLOSED: 1 })
    clock.advance(11_000)
    expect(samplesOf(await prometheusText(storage), 'window_failures')).toEqual({
      'open n': 2,
      'calm n': 0,
    })
  })

  it('tells an open breaker from one that is due, though nobody calls and the row stands', async () => {
    const { storage, at, clock } = fleet()
    await at('k', 'n', { cooldown: '30s' }).report('1')
    await at('long', 'n', { cooldown: '1h' }).report('1')
    clock.advance(30_000)
    const text = await prometheusText(storage)
    expect(samplesOf(text, 'state')).toMatchObject({
      'k n OPEN': 0,
      'k n DUE': 1,
      'long n OPEN': 1,
      'long n DUE': 0,
    })
    expect(samplesOf(text, 'breakers')).toEqual({ OPEN: 1, DUE: 1, HALF_OPEN: 0, CLOSED: 0 })
    // An end that is over says nothing, and one that a clock which stepped back left ahead is none.
    expect(Object.keys(samplesOf(text, 'open_until_timestamp_seconds'))).toEqual(['long n'])
    expect((await storage.list()).items.map(({ status }) => status)).toEqual(['OPEN', 'OPEN'])
  })

  it('counts what is due itself where the storage does not', async () => {
    const { storage, at, clock } = fleet()
    await at('k', 'n', { cooldown: '30s' }).report('1')
    await at('long', 'n', { cooldown: '1h' }).report('1')
    clock.advance(30_000)
    const list: typeof storage.list = async (query) => {
      const { summary, ...page } = await storage.list(query)
      return summary === undefined
        ? page
        : { ...page, summary: { counts: summary.counts, namespaces: [] } }
    }
    const text = await prometheusText({
      ...broken(new Error()),
      list,
      history: (q) => storage.history(q),
    })
    expect(samplesOf(text, 'breakers')).toEqual({ OPEN: 1, DUE: 1, HALF_OPEN: 0, CLOSED: 0 })
  })

  it('says which probes are out, and which order stands, and no longer than it does', async () => {
    const { storage, at, clock } = fleet()
    const half = at('half', 'n', {
      cooldown: '1s',
      failureLimit: fraction(1, 1),
      successLimit: fraction(2, 2),
    })
    await half.report('1')
    clock.advance(1_000)
    await half.probe()
    const order = { command: 'override', override: 'METRICS_ONLY', forMs: 60_000 } as const
    await storage.control({ ...at('ordered').id, command: { order, actor: null, reason: null } })
    const text = await prometheusText(storage)
    expect(samplesOf(text, 'probes_out')).toEqual({ 'half n': 1, 'ordered n': 0 })
    expect(samplesOf(text, 'override')).toEqual({ 'ordered n METRICS_ONLY': 1 })
    clock.advance(60_000)
    const later = await prometheusText(storage)
    expect(samplesOf(later, 'probes_out')).toEqual({ 'half n': 0, 'ordered n': 0 })
    expect(samplesOf(later, 'override')).toEqual({})
  })

  it('counts the transitions of late, by what they were', async () => {
    const { storage, at, clock } = fleet()
    await at('long ago').report('1')
    clock.advance(301_000)
    const now = at('now', 'n', { cooldown: '1s' })
    await now.report('1')
    clock.advance(1_000)
    const token = await now.probe()
    await now.report('1', { tokens: [token!] })
    const text = await prometheusText(storage)
    expect(samplesOf(text, 'recent_transitions')).toEqual({
      'now n CLOSED OPEN failure_limit': 1,
      'now n OPEN HALF_OPEN cooldown_over': 1,
      'now n HALF_OPEN OPEN probes_failed': 1,
    })
    expect(samplesOf(text, 'recent_transitions_cut_off')).toEqual({ '': 0 })
    expect(
      samplesOf(await prometheusText(storage, { transitionsOver: '10m' }), 'recent_transitions'),
    ).toHaveProperty('long ago n CLOSED OPEN failure_limit')
  })

  it('survives any key', async () => {
    const { storage, at } = fleet()
    const keys = [
      'a"b',
      'back\\slash',
      'new\nline',
      '{curly="x"} 1',
      '# HELP x',
      'ключ 🔑',
      '\\n',
      '</script>',
    ]
    for (const key of keys) await at(key, key).report('0')
    const family = parse(await prometheusText(storage)).find(
      ({ name }) => name === 'resilient_circuit_window_successes',
    )!
    expect(family.metrics.map(({ labels }) => labels?.['resource_key']).sort()).toEqual(
      [...keys].sort(),
    )
    expect(family.metrics.map(({ labels }) => labels?.['namespace']).sort()).toEqual(
      [...keys].sort(),
    )
  })

  it('gives the worst a series each, up to the limit, and says how many have none', async () => {
    const { storage, at } = fleet()
    for (let i = 0; i < 25; i++) await at(`calm ${i}`).report('0')
    await at('open').report('1')
    const text = await prometheusText(storage, { limit: 3 })
    expect(Object.keys(samplesOf(text, 'window_failures'))).toEqual([
      'open n',
      'calm 0 n',
      'calm 1 n',
    ])
    expect(samplesOf(text, 'breakers_omitted')).toEqual({ '': 23 })
    expect(samplesOf(text, 'breakers')).toEqual({ OPEN: 1, DUE: 0, HALF_OPEN: 0, CLOSED: 25 })
  })

  it('pages on where the limit is higher than a page', async () => {
    const { storage, at } = fleet()
    for (let i = 0; i < 1_003; i++) await at(`k${i}`).report('0')
    const { storage: counted, calls } = watched(storage)
    const text = await prometheusText(counted, { limit: 1_002 })
    expect(Object.keys(samplesOf(text, 'window_failures'))).toHaveLength(1_002)
    expect(samplesOf(text, 'breakers_omitted')).toEqual({ '': 1 })
    expect([...calls].sort()).toEqual(['history', 'list', 'list'])
  })

  it('can keep to one namespace', async () => {
    const { storage, at } = fleet()
    await at('a', 'mine').report('1')
    await at('b', 'theirs').report('1')
    const text = await prometheusText(storage, { namespace: 'mine' })
    expect(text).toContain('mine')
    expect(text).not.toContain('theirs')
    expect(samplesOf(text, 'breakers')).toMatchObject({ OPEN: 1 })
  })

  it('names, types and explains each metric once, as the rules for names want it', async () => {
    const { storage, at } = fleet()
    await at('k', 'n', { failureLimit: fraction(1, 2) }).report('0')
    const families = parse(await prometheusText(storage))
    const names = families.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const { name, type, help } of families) {
      expect(name).toMatch(/^resilient_circuit_[a-z_]+$/)
      expect(help).toMatch(/[.\d]$/)
      expect(name.endsWith('_total')).toBe(type === 'COUNTER')
    }
  })

  it.each([
    [{ limit: 0 }, 'limit'],
    [{ limit: 10_001 }, 'limit'],
    [{ transitionsOver: '25h' as const }, 'transitionsOver'],
  ])('refuses %j', async (options, name) => {
    await expect(prometheusText(new InMemoryStorage(), options)).rejects.toThrow(InvalidOptionError)
    await expect(prometheusText(new InMemoryStorage(), options)).rejects.toThrow(name)
  })
})

describe('as a response', () => {
  it('is text of the version that Prometheus expects', async () => {
    const answer = await prometheusResponse(new InMemoryStorage())
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  })

  it('is a 503 without the storage’s words where that fails', async () => {
    const answer = await prometheusResponse(broken(new Error('postgres://ops:hunter2@db')))
    expect(answer.status).toBe(503)
    expect(await answer.text()).not.toContain('hunter2')
  })
})

describe('the Grafana dashboard in docs/', () => {
  it('asks for metrics and labels that there are', async () => {
    const { storage, at, clock } = fleet()
    await at('k', 'n', { cooldown: '1s' }).report('1')
    const order = { command: 'override', override: 'DISABLED', forMs: null } as const
    await storage.control({ ...at('j').id, command: { order, actor: null, reason: null } })
    clock.advance(10)
    const known = new Set(parse(await prometheusText(storage)).map(({ name }) => name))
    const board = JSON.parse(
      await readFile(new URL('../../docs/grafana.json', import.meta.url), 'utf8'),
    )
    const expressions: string[] = board.panels.flatMap(
      (panel: { targets?: { expr: string }[] }) => panel.targets?.map(({ expr }) => expr) ?? [],
    )
    expect(expressions.length).toBeGreaterThan(5)
    const selectors = expressions.flatMap(
      (expression) => expression.match(/resilient_circuit_\w+(\{[^}]*\})?/g) ?? [],
    )
    const names = selectors.map((selector) => selector.replace(/\{.*/, ''))
    expect(names.filter((name) => !known.has(name))).toEqual([])
    const labels = expressions.flatMap((expression) =>
      [...expression.matchAll(/[{,]\s*(\w+)=~?"/g)].map(([, label]) => label),
    )
    expect(new Set(labels)).toEqual(new Set(['namespace', 'state', 'override']))
    // How many have no series is known of all namespaces together alone.
    expect(selectors.filter((selector) => !selector.includes('namespace=~"$namespace"'))).toEqual([
      'resilient_circuit_breakers_omitted',
    ])
    const states = expressions.flatMap((expression) =>
      [...expression.matchAll(/state="(\w+)"/g)].map(([, state]) => state),
    )
    expect(new Set(states)).toEqual(new Set(['OPEN', 'DUE', 'HALF_OPEN', 'CLOSED']))
  })
})
