import { DAY_MS } from '../../core/settings.ts'
import type { ListQuery } from '../../fleet/admin.ts'
import { equal, ok } from '../assert.ts'
import type { Cases } from './lab.ts'
import { keysOf, some } from './queries.ts'

export const dueCases: Cases = {
  'lists what rejects nothing behind what does, though its row says OPEN': async (lab) => {
    const breakers = await some(lab, ['a due', 'b lax', 'c open', 'd half', 'e closed'])
    const [due, lax, open, half] = breakers
    await half!.order({ command: 'open', cooldownMs: [1] })
    await due!.order({ command: 'open', cooldownMs: [1] })
    await lax!.order({ command: 'open', cooldownMs: [DAY_MS] })
    await lax!.order({ command: 'override', override: 'METRICS_ONLY', forMs: null })
    await open!.order({ command: 'open', cooldownMs: [DAY_MS] })
    await lab.pass(2)
    await half!.acquire(DAY_MS)
    const { namespace } = lab
    const list = async (query: ListQuery) => keysOf(await lab.storage.list({ namespace, ...query }))
    equal(await list({}), ['c open', 'd half', 'a due', 'b lax', 'e closed'], 'the order')
    equal(await list({ status: 'OPEN' }), ['c open', 'a due', 'b lax'], 'what the row calls open')
    equal(await list({ due: true }), ['a due'], 'what is due')
    equal(await list({ status: 'OPEN', due: false }), ['c open', 'b lax'], 'what is open')
    equal(await list({ status: 'CLOSED', due: true }), [], 'what is closed and due')
    const seen: string[] = []
    for (let after: string | null = null, pages = 0; pages === 0 || after !== null; pages++) {
      ok(pages < 9, 'the pages end')
      const page = await lab.storage.list({ namespace, limit: 1, ...(after !== null && { after }) })
      seen.push(...keysOf(page))
      after = page.next
    }
    equal(seen, await list({}), 'page by page')
    const { summary } = await lab.storage.list({ namespace, summary: true, limit: 1 })
    equal(summary?.counts, { OPEN: 3, HALF_OPEN: 1, CLOSED: 1 }, 'the counts')
    equal(summary?.due, 1, 'how many are due')
  },

  'pages keep the order of their first page while time goes on': async (lab) => {
    // Only a clock that can be moved ends a cooldown between two pages, and none before.
    if (!lab.moves) return
    const [a, b] = await some(lab, ['a', 'b', 'c'])
    await a!.order({ command: 'open', cooldownMs: [60_000] })
    await b!.order({ command: 'open', cooldownMs: [DAY_MS] })
    const query = { namespace: lab.namespace, limit: 1 }
    const first = await lab.storage.list(query)
    await lab.pass(60_000)
    const second = await lab.storage.list({ ...query, after: first.next! })
    const third = await lab.storage.list({ ...query, after: second.next! })
    equal([first, second, third].flatMap(keysOf), ['a', 'b', 'c'], 'the pages')
    equal(third.next, null, 'the next page')
    equal(keysOf(await lab.storage.list(query)), ['b'], 'a new first page')
  },

  'says when a breaker was made, or nothing of it': async (lab) => {
    const [one] = await some(lab, ['one'])
    const [answer] = await lab.storage.exchange([one!.id])
    const { createdAt } = answer!
    if (createdAt === undefined) return
    await one!.send('1')
    equal((await lab.storage.exchange([one!.id]))[0]!.createdAt, createdAt, 'after another')
    const [none] = await lab.storage.exchange([{ ...one!.id, resourceKey: 'none' }])
    ok(!('createdAt' in none!), 'nothing where there is no row')
  },
}
