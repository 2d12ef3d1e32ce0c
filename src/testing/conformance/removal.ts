import { equal, ok, rejection } from '../assert.ts'
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

  'of many removals at once one finds the breaker': async (lab) => {
    const remove = lab.storage.remove?.bind(lab.storage)
    if (remove === undefined) return
    const breaker = lab.breaker()
    await breaker.send('0')
    const request = { ...breaker.id, actor: null, reason: null }
    const found = await Promise.all(Array.from({ length: 8 }, () => remove(request)))
    equal(found.filter((one) => one).length, 1, 'how many found it')
    equal((await breaker.history()).length, 1, 'the lines in the audit log')
  },

  'a removal is not begun once its signal has fired': async (lab) => {
    const remove = lab.storage.remove?.bind(lab.storage)
    if (remove === undefined) return
    const breaker = lab.breaker()
    await breaker.send('0')
    const reason = new Error('enough')
    const request = { ...breaker.id, actor: null, reason: null }
    const call = remove(request, { signal: AbortSignal.abort(reason) })
    equal(await rejection(call, 'a removal'), reason, 'what it rejects with')
    equal(await keysOf(lab), ['the one'], 'what is left')
  },
}
