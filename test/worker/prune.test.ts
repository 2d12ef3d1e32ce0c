import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { snippets } from '../packaging/snippets.ts'
import { openStand, type Stand, type Worker } from './stand.ts'

const [shown, ...others] = snippets().filter(
  ({ code }) => code.includes('scheduled(') && code.includes('.prune('),
)

let stand: Stand
let worker: Worker
let client: pg.Client

beforeAll(async () => {
  stand = await openStand(inject('postgresUrl'))
  const url = new URL(stand.bindings['DATABASE_URL']!)
  client = new pg.Client(url.href)
  await client.connect()
  url.searchParams.set('fetch_endpoint', stand.bindings['NEON_FETCH_ENDPOINT']!)
  worker = await stand.worker(shown!, { DATABASE_URL: url.href })
})
afterAll(async () => {
  await client?.end()
  await stand?.close()
})

const keys = async (table: string) => {
  const { rows } = await client.query(`select resource_key from ${table} order by 1`)
  return rows.map((row) => row.resource_key)
}

it('the Worker that the documentation shows deletes in workerd what is old, and nothing else', async () => {
  expect(others).toEqual([])
  await client.query(`
    insert into rc_circuit_breakers (resource_key, namespace, state, own_state, updated_at)
      select key, 'default', state, state, now() - age from (values
        ('closed, old', 'CLOSED', interval '100 days'),
        ('closed, new', 'CLOSED', interval '1 day'),
        ('open, old', 'OPEN', interval '100 days')) as b (key, state, age);
    insert into rc_circuit_transitions (resource_key, namespace, generation, from_state, to_state, cause, at)
      select key, 'default', 1, 'CLOSED', 'OPEN', 'opened', now() - age from (values
        ('old', interval '100 days'), ('new', interval '1 day')) as t (key, age)`)
  expect(await worker.scheduled()).toBe('ok')
  expect(await keys('rc_circuit_breakers')).toEqual(['closed, new', 'open, old'])
  expect(await keys('rc_circuit_transitions')).toEqual(['new'])
  await expect.poll(() => worker.console()).toContain('pruned 1 lines and 1 breakers')
})
