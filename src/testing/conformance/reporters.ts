import { fraction } from '../../core/limits.ts'
import { equal, matches } from '../assert.ts'
import type { Cases } from './lab.ts'

const from = (id: number) => ({ reporter: { id, aliveMs: 60_000 } })

export const reporterCases: Cases = {
  'does not open by the failures of one isolate while another is alive': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(2, 4) })
    await breaker.send('00', from(1))
    equal((await breaker.send('1111', from(2))).snapshot.status, 'CLOSED', 'status after its own')
    equal((await breaker.send('1', from(1))).snapshot.status, 'OPEN', "status after the other's")
  },

  'opens by the failures of the only isolate': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(2, 4) })
    equal((await breaker.send('0011', from(-7))).snapshot.status, 'OPEN', 'the status')
  },

  'takes failures of which nobody says whose they are as those of as many isolates': async (
    lab,
  ) => {
    const breaker = lab.breaker({ failureLimit: fraction(2, 4) })
    await breaker.send('00', from(1))
    equal((await breaker.send('11')).snapshot.status, 'OPEN', 'the status')
  },

  'notes an isolate that makes itself known where few are, and counts those that fail alone':
    async (lab) => {
      const breaker = lab.breaker({ failureLimit: fraction(2, 4) })
      equal((await breaker.show(1)).verdict, 'none', 'the verdict where there is no row')
      equal((await lab.storage.list({ namespace: lab.namespace })).items, [], 'the list')
      const { snapshot } = await breaker.send('0', from(1))
      const known = await breaker.show(2)
      matches(known.snapshot, { version: snapshot.version + 1 }, 'the snapshot')
      equal((await breaker.show(3)).snapshot.version, snapshot.version + 1, 'the version')
      const alone = (await breaker.show(4, true)).snapshot.reporters
      equal(
        alone.alone.map(({ id }) => id),
        [4],
        'who fails alone',
      )
      equal(
        alone.seen.map(({ id }) => id),
        [4, 2, 1],
        'who was heard of',
      )
      equal((await breaker.show(4)).snapshot.reporters.alone, [], 'who fails alone later')
    },
}
