import { bars, lines } from '../support/picture.ts'
import { median, quantile } from '../support/turns.ts'
import { ACQUIRE, BATCHES, FLOOR, original, ours, SELECT_ROW } from './contenders.ts'
import type { Growth } from './growth.ts'
import { type Cell, outcomesPerSecond } from './throughput.ts'

/** On eight connections and one hot key, where a fleet in trouble is. */
export function throughputPictures(cells: readonly Cell[]): Readonly<Record<string, string>> {
  const cell = cells.find(({ connections, keys }) => connections === 8 && keys === 1)!
  return { 'database-throughput': throughput(cell), 'database-latency': latency(cell) }
}

function throughput(cell: Cell): string {
  const stored = outcomesPerSecond(cell)
  const rate = (name: string) => median(stored[name]!)
  return lines(
    {
      title: 'Outcomes stored per second: one hot key, 8 connections',
      x: { name: 'outcomes in a batch', log: true },
      y: { name: 'outcomes per second', log: true },
    },
    {
      'ours, function': BATCHES.map((batch) => [batch, rate(ours('function', batch))]),
      'ours, do block': BATCHES.map((batch) => [batch, rate(ours('do block', batch))]),
      'original, save (asynchronous)': BATCHES.map((batch) => [
        batch,
        rate(original('save', 'asynchronous')),
      ]),
      'original, load and save (synchronous)': BATCHES.map((batch) => [
        batch,
        rate(original('load and save', 'synchronous')),
      ]),
    },
  )
}

function latency({ latencies }: Cell): string {
  const shown: Readonly<Record<string, string>> = {
    'SELECT 1': FLOOR,
    'SELECT\nof the row': SELECT_ROW,
    'ours:\nacquire': ACQUIRE,
    'UPDATE,\nsynchronous': 'UPDATE of a small row, synchronous',
    'ours: 10,\nfunction': ours('function', 10),
    'ours: 100,\nfunction': ours('function', 100),
    'ours: 10,\ndo block': ours('do block', 10),
    'original:\nload, save': original('load and save', 'synchronous'),
  }
  const of = (share: number) =>
    Object.values(shown).map((name) => Math.round(quantile(latencies[name]!, share) * 1_000))
  return bars(
    {
      title: 'Latency of one operation: one hot key, 8 connections',
      x: { name: '' },
      y: { name: 'microseconds', log: true },
    },
    Object.keys(shown),
    { median: of(0.5), '99th percentile': of(0.99) },
  )
}

export function growthPicture({ curves }: Growth): string {
  return lines(
    {
      title: 'What grows with the number of breakers',
      x: { name: 'breakers in the table', log: true },
      y: { name: 'milliseconds', log: true },
    },
    curves,
  )
}
