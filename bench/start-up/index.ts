/**
 * What the breaker adds to a Worker before it does anything: the size of the bundle, the time to a first response, the first call's
 * read, and what its statements come to for a million calls.
 */
import { startLocalNeon } from '../../src/local/index.ts'
import type { Bundle } from '../../test/packaging/bundle.ts'
import { createDatabase, startPostgres } from '../../test/support/postgres.ts'
import { bars } from '../support/picture.ts'
import { type PartOptions, type PartResult, type Table, versionOf } from '../support/result.ts'
import { median } from '../support/turns.ts'
import { coldStarts } from './cold-start.ts'
import { costs, wakefulness } from './cost.ts'
import { firstCalls } from './first-call.ts'
import { statementTimes } from './statement-time.ts'
import { BASELINE, bundles } from './workers.ts'

const PACKAGES = [
  'hono',
  'drizzle-orm',
  '@neondatabase/serverless',
  'esbuild',
  'miniflare',
  'workerd',
] as const

export async function run({ quick }: PartOptions): Promise<PartResult> {
  const made = await bundles()
  const names = Object.keys(made)
  const scripts = Object.fromEntries(names.map((name) => [name, made[name]!.text]))
  const { table: cold, isolates } = await coldStarts(scripts, quick)
  return {
    versions: Object.fromEntries(
      await Promise.all(PACKAGES.map(async (name) => [name, await versionOf(name)] as const)),
    ),
    tables: [sizes(made), cold, ...(await onPostgres(scripts, quick)), await wakefulness()],
    pictures: {
      'bundle-size': bars(
        { title: 'A Worker in one file', x: { name: '' }, y: { name: 'kB' } },
        ['minified', 'minified and gzipped'],
        Object.fromEntries(
          Object.entries(made).map(([name, { text, gzipped }]) => [
            name,
            [kilo(text.length), kilo(gzipped)],
          ]),
        ),
      ),
      'cold-start': bars(
        {
          title: 'Cold start, median of the rounds',
          x: { name: '' },
          y: { name: 'ms to the first response' },
        },
        ['a fresh isolate in a running workerd'],
        Object.fromEntries(
          names.map((name) => [name, [Number(median(isolates[name]!).toFixed(1))]]),
        ),
      ),
    },
  }
}

async function onPostgres(
  scripts: Readonly<Record<string, string>>,
  quick: boolean,
): Promise<Table[]> {
  const server = await startPostgres()
  const database = await createDatabase(server.url, 'start_up')
  try {
    const neon = await startLocalNeon({ databaseUrl: database.url })
    const first = await firstCalls(scripts, neon, quick)
    await neon.close()
    const { times, table } = await statementTimes(database.url, quick)
    return [first, table, await costs(times, quick)]
  } finally {
    await database.drop()
    await server.stop()
  }
}

function sizes(made: Readonly<Record<string, Bundle>>): Table {
  const base = made[BASELINE]!
  return {
    title: `A Worker in one file, with all that it needs: bytes, and bytes more than ${BASELINE}`,
    columns: ['Worker', 'minified', 'gzipped', 'minified, more', 'gzipped, more'],
    rows: Object.entries(made).map(([name, { text, gzipped }]) => [
      name,
      text.length,
      gzipped,
      text.length - base.text.length,
      gzipped - base.gzipped,
    ]),
  }
}

const kilo = (bytes: number): number => Number((bytes / 1_000).toFixed(1))
