import { DAY_MS } from '../../core/settings.ts'
import { equal, matches, ok } from '../assert.ts'
import type { Cases } from './lab.ts'
import { keysOf, some } from './queries.ts'

/** The audit log, and what goes of it. */
export const historyCases: Cases = {
  'tells the history newest first, in pages': async (lab) => {
    const breaker = lab.breaker()
    for (let i = 0; i < 5; i++) await breaker.order({ command: i % 2 ? 'close' : 'reset' }, `${i}`)
    const seen: (string | null)[] = []
    for (let after: string | null = null, pages = 0; pages === 0 || after !== null; pages++) {
      ok(pages < 9, 'the pages end')
      const page = await lab.storage.history({
        namespace: lab.namespace,
        limit: 2,
        ...(after !== null && { after }),
      })
      ok(page.items.length <= 2, 'a page keeps to its limit')
      seen.push(...page.items.map(({ actor }) => actor))
      after = page.next
      // What comes in while somebody turns pages moves nothing behind him.
      if (pages === 0) await breaker.order({ command: 'close' }, 'late')
    }
    equal(seen, ['4', '3', '2', '1', '0'], 'all pages')
  },

  'tells the history of one breaker': async (lab) => {
    const [one, other] = ['one', 'other'].map((resourceKey) => lab.breaker({}, { resourceKey }))
    await one!.send('1')
    await other!.order({ command: 'close' })
    await lab.breaker({}, { resourceKey: 'one', namespace: `${lab.namespace} too` }).send('1')
    equal(
      (await one!.history()).map(({ cause }) => cause),
      ['failure_limit'],
      'of one',
    )
    const all = await lab.storage.history({ namespace: lab.namespace })
    equal(keysOf(all), ['other', 'one'], 'of the namespace')
  },

  'tells of the history what is younger than asked': async (lab) => {
    const { namespace } = lab
    await lab.breaker({}, { resourceKey: 'old' }).send('1')
    const of = async (newerThanMs: number) =>
      keysOf(await lab.storage.history({ namespace, newerThanMs }))
    equal(await of(DAY_MS), ['old'], 'of a day')
    if (!lab.moves) return
    await lab.pass(60_000)
    await lab.breaker({}, { resourceKey: 'new' }).send('1')
    equal(await of(30_000), ['new'], 'of half a minute')
    equal(await of(90_000), ['new', 'old'], 'of a minute and a half')
  },

  'prunes what is closed, without an order in force, and untouched for longer than asked': async (
    lab,
  ) => {
    const [open, overridden, closed, over] = await some(lab, [
      'open',
      'overridden',
      'closed',
      'order is over',
    ])
    await over!.order({ command: 'override', override: 'DISABLED', forMs: 1 })
    await open!.order({ command: 'open', cooldownMs: [1] })
    await overridden!.order({ command: 'override', override: 'DISABLED', forMs: null })
    await lab.breaker({}, { namespace: `${lab.namespace} too` }).send('0')
    const prune = () => lab.storage.prune({ namespace: lab.namespace, breakersOlderThanMs: DAY_MS })
    equal(await prune(), { breakers: 0, transitions: 0 }, 'pruned while young')
    // A clock that cannot be moved makes nothing old: that the young stay is all that it can show.
    if (!lab.moves) return
    await lab.pass(DAY_MS + 1)
    const [young] = await some(lab, ['young'])
    equal(await prune(), { breakers: 2, transitions: 0 }, 'pruned when old')
    equal(
      keysOf(await lab.storage.list({ namespace: lab.namespace })),
      ['open', 'overridden', 'young'],
      'what is left',
    )
    matches(await closed!.read(), { status: 'CLOSED', version: 0 }, 'the pruned one')
    equal((await young!.read()).log, '0', 'the log of the young one')
    equal(
      keysOf(await lab.storage.list({ namespace: `${lab.namespace} too` })),
      ['the one'],
      'the other namespace',
    )
  },

  'prunes lines of the audit log of one namespace': async (lab) => {
    const breaker = lab.breaker()
    const elsewhere = lab.breaker({}, { namespace: `${lab.namespace} too` })
    await breaker.send('1')
    await elsewhere.send('1')
    await lab.pass(2)
    const prune = (transitionsOlderThanMs: number) =>
      lab.storage.prune({ namespace: lab.namespace, transitionsOlderThanMs })
    equal(await prune(DAY_MS), { breakers: 0, transitions: 0 }, 'pruned: older than a day')
    equal(await prune(0), { breakers: 0, transitions: 1 }, 'pruned: older than now')
    equal(
      [(await breaker.history()).length, (await elsewhere.history()).length],
      [0, 1],
      'lines left',
    )
    equal((await breaker.read()).status, 'OPEN', 'status')
    equal(
      await lab.storage.prune({ namespace: lab.namespace }),
      { breakers: 0, transitions: 0 },
      'pruned: nothing named',
    )
    equal(
      await prune(DAY_MS + 0.5),
      { breakers: 0, transitions: 0 },
      'pruned: an age in parts of a millisecond',
    )
  },
}
