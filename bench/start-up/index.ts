/**
 * What the breaker adds to a Worker before it does anything: the size of the bundle, the time to a first response, and what
 * its statements come to for a million calls.
 */
import type { Bundle } from '../../test/packaging/bundle.ts'
import { bars } from '../support/picture.ts'
import { type PartOptions, type PartResult, type Table, versionsOf } from '../support/result.ts'
import { median } from '../support/turns.ts'
import { BASELINE, bundles, DRIZZLE, NEON, NEON_FETCH } from '../support/workers.ts'
import { coldStarts, coldStartTable } from './cold-start.ts'
import { costs, wakefulness } from './cost.ts'
import { statementTimes } from './statement-time.ts'

const PACKAGES = [
  'hono',
  'drizzle-orm',
  '@neondatabase/serverless',
  'esbuild',
  'miniflare',
  'workerd',
] as const

export async function run({ quick }: PartOptions): Promise<PartResult> {
  const made = await bundles(BASELINE, NEON_FETCH, DRIZZLE, NEON)
  const names = Object.keys(made)
  const scripts = Object.fromEntries(names.map((name) => [name, made[name]!.text]))
  const isolates = await coldStarts(scripts, quick)
  const { times, table } = await statementTimes(quick)
  return {
    versions: await versionsOf(...PACKAGES),
    tables: [
      sizes(made),
      coldStartTable(isolates),
      table,
      await costs(times, quick),
      await wakefulness(),
    ],
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
