import { fraction } from '../../core/limits.ts'
import { equal, matches, ok } from '../assert.ts'
import { type Cases, lasting } from './lab.ts'

export const reportCases: Cases = {
  'a breaker of which nobody wrote is closed and empty, and asking for it makes no row': async (
    lab,
  ) => {
    const breaker = lab.breaker()
    matches(
      await breaker.read(),
      { ...breaker.id, status: 'CLOSED', generation: 0, version: 0, log: '', since: null },
      'the snapshot',
    )
    equal((await breaker.acquire()).verdict, 'admitted', 'the verdict')
    equal((await breaker.send('')).verdict, 'none', 'the verdict on an empty report')
    equal(
      (await breaker.send('1', { generation: 7 })).verdict,
      'stale',
      'the verdict on a report of a generation that never was',
    )
    equal((await lab.storage.list({ namespace: lab.namespace })).items, [], 'the list')
  },

  'nothing to exchange gets nothing': async (lab) => {
    equal(await lab.storage.exchange([]), [], 'the answers')
  },

  'trips at k failures among the last n outcomes, n never reduced': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(2, 4) })
    for (const outcome of '010')
      equal((await breaker.send(outcome)).snapshot.status, 'CLOSED', `status after ${outcome}`)
    const { snapshot, verdict } = await breaker.send('1')
    equal(verdict, 'counted', 'the verdict')
    matches(
      snapshot,
      { status: 'OPEN', log: '0101', failureCount: 2, opens: 1, cause: 'failure_limit' },
      'the snapshot',
    )
  },

  'outcomes older than the window no longer count': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(2, 3) })
    matches(
      (await breaker.send('1001')).snapshot,
      { status: 'CLOSED', log: '1001', failureCount: 1 },
      'after 1001',
    )
    equal((await breaker.send('1')).snapshot.status, 'OPEN', 'status after 10011')
  },

  'a success does not trip, however bad the window': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(2, 3) })
    matches(
      (await breaker.send('110')).snapshot,
      { status: 'CLOSED', failureCount: 2 },
      'after 110',
    )
  },

  'a trip leaves one line in the audit log, and tells the reporter alone that it was his': async (
    lab,
  ) => {
    const breaker = lab.breaker()
    const { snapshot, transitions } = await breaker.send('1')
    const { generation, at } = snapshot
    const line = {
      ...breaker.id,
      generation,
      from: 'CLOSED',
      to: 'OPEN',
      cause: 'failure_limit',
      actor: null,
      reason: null,
      at,
    }
    equal(transitions, [line], 'the transitions of the report')
    ok(generation > 0, 'the generation grew')
    const [read] = await lab.storage.exchange([breaker.id])
    equal(read!.transitions, [], 'the transitions of a read')
    equal(await breaker.history(), [line], 'the history')
  },

  'what follows the tripping outcome in a report is dropped': async (lab) => {
    const { snapshot } = await lab.breaker({ failureLimit: fraction(1, 2) }).send('0010111')
    matches(
      snapshot,
      { status: 'OPEN', log: '001', opens: 1, previousGeneration: 0 },
      'the snapshot',
    )
  },

  'outcomes of a generation that is over are void': async (lab) => {
    const breaker = lab.breaker({ cooldown: '1h' })
    const late = [breaker.report('0'), breaker.report('1')]
    const { snapshot } = await breaker.send('1')
    for (const report of late)
      equal((await breaker.deliver(report)).verdict, 'stale', 'the verdict')
    equal(lasting(await breaker.read()), lasting(snapshot), 'the snapshot')
    await breaker.order({ command: 'close' })
    for (const report of late)
      equal((await breaker.deliver(report)).verdict, 'stale', 'the verdict after it closed again')
    equal(
      (await breaker.send('1', { generation: snapshot.generation })).verdict,
      'stale',
      'the verdict on an outcome of the open',
    )
    matches(
      await breaker.read(),
      { status: 'CLOSED', log: '' },
      'the snapshot after it closed again',
    )
  },

  'it does not matter how outcomes are split into reports': async (lab) => {
    const options = { failureLimit: fraction(3, 5) }
    const [whole, halves, single] = ['whole', 'halves', 'single'].map((resourceKey) =>
      lab.breaker(options, { resourceKey }),
    )
    await whole!.send('100101001')
    for (const part of ['10010', '1001']) await halves!.send(part)
    for (const outcome of '100101001') await single!.send(outcome)
    const { status, log, failureCount } = await whole!.read()
    equal([status, log, failureCount], ['CLOSED', '100101001', 2], 'as a whole')
    for (const breaker of [halves!, single!])
      matches(await breaker.read(), { status, log, failureCount }, breaker.id.resourceKey)
  },

  'the newest 1,000 outcomes are kept, whatever the window': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(2, 2) })
    await breaker.send('01'.repeat(400))
    matches(
      await breaker.send('0'.repeat(300)).then(({ snapshot }) => snapshot),
      { log: '01'.repeat(350) + '0'.repeat(300) },
      'the log',
    )
  },

  'each reporter is judged by its own settings, on the same outcomes': async (lab) => {
    const lenient = lab.breaker({ failureLimit: fraction(5, 5) })
    const strict = lab.breaker({ failureLimit: fraction(3, 4) })
    equal((await lenient.send('1110')).snapshot.settings, lenient.settings, 'the settings')
    await strict.read()
    const { snapshot } = await strict.send('1')
    matches(snapshot, { status: 'OPEN', log: '11101', settings: strict.settings }, 'the snapshot')
  },

  'calls that would have been rejected are summed up': async (lab) => {
    const breaker = lab.breaker()
    await breaker.send('', { wouldReject: 2 })
    matches(
      (await breaker.send('0', { wouldReject: 3 })).snapshot,
      { wouldReject: 5, log: '0' },
      'the snapshot',
    )
  },
}
