/**
 * What a breaker whose state is kept in PostgreSQL puts on the wire: round trips and bytes per 1,000 calls, while the dependency is
 * well, fails a little, is dead, and recovers. Real PostgreSQL, real HTTP, real time; counted by a proxy that hands on what it gets.
 */
import { startLocalNeon } from '../../src/local/index.ts'
import { bars } from '../support/picture.ts'
import { Postgres } from '../support/postgres.ts'
import { type PartOptions, type PartResult, type Table, versionsOf } from '../support/result.ts'
import { ratioText } from '../support/table.ts'
import { compare, type Standing } from '../support/turns.ts'
import type { Contender, Setting } from './contender.ts'
import { type Cost, live, type Phase } from './life.ts'
import { naive } from './naive.ts'
import { operations } from './operations.ts'
import { Original } from './original.ts'
import { ours } from './ours.ts'

/** Calls per second of the one isolate, and of the one process. */
const PACE = 100
const BOUNDED = 'ours, bounded staleness'
const PHASES = ['healthy', '1 % failures', 'dead', 'recovering'] as const

/** By phase, contender and round. */
type Rounds = Readonly<Record<(typeof PHASES)[number], Readonly<Record<string, readonly Cost[]>>>>

export async function run({ quick }: PartOptions): Promise<PartResult> {
  await using postgres = await Postgres.start()
  await using neon = await startLocalNeon({ databaseUrl: await postgres.database() })
  const setting: Setting = {
    originalUrl: await postgres.database(),
    neon,
    cooldownMs: quick ? 1_000 : 2_000,
  }
  await using bounded = await ours(setting)
  await using strong = await ours(setting, 'strong')
  await using getAndSet = await naive(setting)
  await using original = await Original.start(setting)
  const rounds = await measured(
    {
      [BOUNDED]: bounded,
      'ours, strong': strong,
      'get and set over HTTP': getAndSet,
      "the original's protocol": original,
    },
    quick,
  )
  return {
    versions: {
      PostgreSQL: await postgres.version(),
      ...(await versionsOf('@neondatabase/serverless')),
    },
    tables: [
      tableOf(rounds, 'round trips', ({ roundTrips }) => roundTrips, setting),
      tableOf(rounds, 'bytes', ({ bytes }) => bytes, setting),
      await operations(setting),
    ],
    pictures: { 'wire-round-trips': pictureOf(rounds) },
  }
}

/**
 * What our bounded view costs goes by time: it lives long. The others cost the same at each call, and take turns beside it, each
 * with enough calls to show that; what is dead or recovering goes by time with all of them, and lasts as long.
 */
async function measured(
  contenders: Readonly<Record<string, Contender>>,
  quick: boolean,
): Promise<Rounds> {
  const rounds = Object.fromEntries(
    PHASES.map((phase) => [
      phase,
      Object.fromEntries(Object.keys(contenders).map((name) => [name, [] as Cost[]])),
    ]),
  ) as Record<keyof Rounds, Record<string, Cost[]>>
  const one = async (name: string, closedSeconds: number): Promise<void> => {
    const costs = await live(contenders[name]!, phasesOf(closedSeconds, quick), PACE)
    for (const phase of PHASES) rounds[phase][name]!.push(costs[phase]!)
  }
  const others = Object.keys(contenders).filter((name) => name !== BOUNDED)
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    const inTurn = async () => {
      for (const name of round % 2 === 0 ? others : [...others].reverse())
        await one(name, quick ? 0.5 : 2)
    }
    await Promise.all([one(BOUNDED, quick ? 6 : 20), inTurn()])
  }
  return rounds
}

/** Each breaker first fills its window, which is not shown. */
function phasesOf(closedSeconds: number, quick: boolean): readonly Phase[] {
  return [
    { name: 'warm up', seconds: 1, fails: () => false },
    { name: 'healthy', seconds: closedSeconds, fails: () => false },
    { name: '1 % failures', seconds: closedSeconds, fails: (n) => n % 100 === 50 },
    { name: 'dead', seconds: quick ? 2.5 : 8, fails: () => true },
    { name: 'recovering', seconds: quick ? 2.5 : 5, fails: () => false },
  ]
}

/** Per 1,000 calls, by phase. */
function standings(
  rounds: Rounds,
  measure: (cost: Cost) => number,
): readonly (readonly [phase: string, standings: readonly Standing[]])[] {
  const perThousand = (costs: readonly Cost[]) =>
    costs.map((cost) => (1_000 * measure(cost)) / cost.calls)
  return Object.entries(rounds).map(([phase, costs]) => {
    const samples = Object.entries(costs).map(([name, of]) => [name, perThousand(of)] as const)
    return [phase, compare(Object.fromEntries(samples), BOUNDED)]
  })
}

function tableOf(
  rounds: Rounds,
  unit: string,
  measure: (cost: Cost) => number,
  { cooldownMs }: Setting,
): Table {
  return {
    title:
      `Per 1,000 calls: ${unit} to the storage and back; median of the rounds, less is better. One isolate at ${PACE} calls/s, ` +
      `cooldown ${cooldownMs / 1_000} s, maxStaleness 5 s; without TLS; a connection's handshake counts as one round trip`,
    columns: ['phase', 'contender', `${unit} per 1,000 calls`, `times ${BOUNDED} (low to high)`],
    rows: standings(rounds, measure).flatMap(([phase, each]) =>
      each.map(({ name, median, ratio }) => [
        phase,
        name,
        median,
        Number.isFinite(ratio.high) ? ratioText(ratio) : 'none to compare with',
      ]),
    ),
    samples: rounds,
  }
}

function pictureOf(rounds: Rounds): string {
  const byPhase = standings(rounds, ({ roundTrips }) => roundTrips)
  const names = byPhase[0]![1].map(({ name }) => name)
  /** None has no place on a logarithmic axis. */
  const bar = (value: number) => (value === 0 ? null : Number(value.toPrecision(3)))
  return bars(
    {
      title: `To the storage and back: round trips per 1,000 calls of one isolate at ${PACE} calls/s`,
      x: { name: 'the dependency is' },
      y: { name: 'round trips per 1,000 calls', log: true },
    },
    PHASES,
    Object.fromEntries(names.map((name, i) => [name, byPhase.map(([, of]) => bar(of[i]!.median))])),
  )
}
