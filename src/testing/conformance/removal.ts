import { equal, ok } from '../assert.ts'
import type { Cases, Lab } from './lab.ts'

const keysOf = async ({ storage, namespace }: Lab) =>
  (await storage.list({ namespace })).items.map(({ resourceKey }) => resourceKey)

export const removalCases: Cases = {
  'removes one breaker, whatever its status, and leaves a line in the audit log': async (lab) => {
    const remove = lab.storage.remove?.bind(lab.storage)
    if (remove === undefined) return
    const order = { actor: 'ada', reason: 'gone for good' }
    const [one, other] = ['one', 'other'].map((resourceKey) => lab.breaker({}, { resourceKey }))
    await one!.send('0')
    await other!.send('0')
    equal(await remove({ ...lab.breaker().id, ...order }), false, 'what there is not')
    await one!.order({ command: 'override', override: 'FORCED_OPEN', forMs: null })
    const before = await one!.read()
    equal(await remove({ ...one!.id, ...order }), true, 'what there is')
    equal(await remove({ ...one!.id, ...order }), false, 'what there no longer is')
    equal(await keysOf(lab), ['other'], 'what is left')
    const { generation, at, ...line } = (await one!.history()).at(-1)!
    const change = { ...one!.id, from: 'OPEN', to: 'CLOSED', cause: 'removed', ...order }
    equal(line, change, 'the line in the audit log')
    ok(generation > before.generation && at >= before.at, 'its generation and time')
    equal((await other!.history()).length, 0, 'the audit log of the other')

    // As if it had never been: an outcome from before is void, one of now makes it again.
    const { verdict } = await one!.send('1')
    ok(verdict === 'stale' || verdict === 'unknown', 'an outcome from before counts for nothing')
    const blank = await one!.read()
    equal([blank.status, blank.generation, blank.override], ['CLOSED', 0, null], 'the breaker')
    equal((await one!.send('0')).verdict, 'counted', 'an outcome of now')
    equal(await keysOf(lab), ['one', 'other'], 'all')
  },
}
