import { bars } from '../../support/picture.ts'
import type { Table } from '../../support/result.ts'
import { compare, type Standing } from '../../support/turns.ts'
import { spread } from '../spread.ts'
import { BASELINE, CONTENDERS, OURS } from './contenders.ts'
import type { Found, Results } from './run.ts'
import { SCENES, type SceneName } from './scene.ts'

const RATIO = 'x is the ratio to cockatiel’s CountBreaker in the same round, median (low to high)'

export function callTables({ times, bytes }: Found): Table[] {
  return [
    {
      title: 'What the situations are',
      columns: ['situation', 'calls'],
      rows: Object.entries(SCENES).map(([name, { means }]) => [name, means]),
    },
    inAllScenes(
      `Processor time of one call on Node, ns, its await and all threads of the process included; ${RATIO}`,
      'ns',
      times.node,
    ),
    inAllScenes(
      `Bytes that one call allocates on Node’s heap, no collection in between; ${RATIO}`,
      'bytes',
      bytes.node,
    ),
    {
      title: `What ${OURS}, told the storage per 1,000 calls on Node; where calls come faster than reports go, the oldest outcomes are dropped`,
      columns: ['situation', 'reports', 'outcomes dropped'],
      rows: [...times.node].map(([scene, { told }]) => [
        scene,
        told.reports * 1_000,
        told.dropped * 1_000,
      ]),
    },
    acrossRuntimes('Processor time of one call on each runtime, ns', 'ns', times),
    acrossRuntimes('Bytes that one call allocates on each runtime', 'bytes', bytes),
  ]
}

function inAllScenes(title: string, unit: string, results: Results): Table {
  return {
    title,
    columns: ['situation', 'contender', unit, 'x', 'low to high'],
    rows: [...results].flatMap(([scene, { samples }]) =>
      compare(samples, BASELINE).map(({ name, median, ratio }) => [
        scene,
        name,
        median,
        ratio.median,
        spread(ratio),
      ]),
    ),
    samples: Object.fromEntries([...results].map(([scene, { samples }]) => [scene, samples])),
  }
}

function acrossRuntimes(title: string, unit: string, found: Found['times']): Table {
  const names = Object.keys(found) as (keyof typeof found)[]
  const scenes = [...found.deno.keys()]
  return {
    title: `${title}; ${RATIO}`,
    columns: [
      'situation',
      'contender',
      ...names.flatMap((name) => [`${name}, ${unit}`, 'x', 'low to high']),
    ],
    rows: scenes.flatMap((scene) =>
      Object.keys(CONTENDERS).map((contender) => [
        scene,
        contender,
        ...names.flatMap((name) => {
          const { median, ratio } = standing(found[name], scene, contender)
          return [median, ratio.median, spread(ratio)]
        }),
      ]),
    ),
    samples: Object.fromEntries(
      names.map((name) => [
        name,
        Object.fromEntries(scenes.map((scene) => [scene, found[name].get(scene)!.samples])),
      ]),
    ),
  }
}

export function callPictures({ times, bytes }: Found): Record<string, string> {
  const scenes = Object.keys(SCENES) as SceneName[]
  const everywhere = [...times.deno.keys()]
  const contenders = Object.keys(CONTENDERS)
  const all = (results: Results) =>
    Object.fromEntries(
      contenders.map((name) => [name, scenes.map((scene) => medianOf(results, scene, name))]),
    )
  const axes = (y: string) => ({ x: { name: 'situation' }, y: { name: y, log: true } })
  return {
    'in-process': bars(
      { title: 'Processor time of one call on Node', ...axes('ns') },
      scenes,
      all(times.node),
    ),
    allocations: bars(
      { title: 'Bytes that one call allocates on Node', ...axes('bytes') },
      scenes,
      all(bytes.node),
    ),
    runtimes: bars(
      {
        title: 'Processor time of one call, ours on shared storage and cockatiel’s count breaker',
        ...axes('ns'),
      },
      everywhere,
      Object.fromEntries(
        Object.entries(times).flatMap(([runtime, results]) =>
          [BASELINE, OURS].map((name) => [
            `${runtime}: ${name}`,
            everywhere.map((scene) => medianOf(results, scene, name)),
          ]),
        ),
      ),
    ),
  }
}

export function standing(results: Results, scene: SceneName, contender: string): Standing {
  return compare(results.get(scene)!.samples, BASELINE).find(({ name }) => name === contender)!
}

function medianOf(results: Results, scene: SceneName, contender: string): number | null {
  const found = compare(results.get(scene)!.samples, BASELINE).find(
    ({ name }) => name === contender,
  )
  return found === undefined ? null : Math.round(found.median)
}
