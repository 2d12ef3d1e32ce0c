import { CountingProxy } from '../support/counting-proxy.ts'
import type { Contender, Setting } from './contender.ts'
import { admitted, dependency, NEW, recorded, type Textbook } from './textbook.ts'

const TABLE =
  'create table if not exists naive_breakers (key text primary key, state jsonb not null)'
const GET = 'select state from naive_breakers where key = $1'
const SET =
  'insert into naive_breakers (key, state) values ($1, $2::jsonb) on conflict (key) do update set state = excluded.state'

/**
 * What one writes first: before a call get the row over HTTP, after it set what came of it. Two callers at once lose one's outcome,
 * which does not show on the wire. Sends what Neon's driver sends.
 */
export async function naive({ neon, cooldownMs }: Setting): Promise<Contender> {
  const proxy = await CountingProxy.start(neon.fetchEndpoint)
  const sql = async (
    query: string,
    params: readonly string[] = [],
  ): Promise<readonly (readonly string[])[]> => {
    const response = await fetch(`http://127.0.0.1:${proxy.port}/sql`, {
      method: 'POST',
      headers: {
        'Neon-Connection-String': neon.databaseUrl,
        'Neon-Raw-Text-Output': 'true',
        'Neon-Array-Mode': 'true',
      },
      body: JSON.stringify({ query, params }),
    })
    if (!response.ok) throw new Error(await response.text())
    return ((await response.json()) as { readonly rows: readonly (readonly string[])[] }).rows
  }
  await sql(TABLE)
  return {
    async call(fails) {
      const [row] = await sql(GET, ['naive'])
      const state = admitted(
        row === undefined ? NEW : (JSON.parse(row[0]!) as Textbook),
        Date.now(),
      )
      if (state === null) return
      const failed = await dependency(fails).then(
        () => false,
        () => true,
      )
      await sql(SET, ['naive', JSON.stringify(recorded(state, failed, Date.now(), cooldownMs))])
    },
    get tally() {
      return proxy.tally
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  }
}
