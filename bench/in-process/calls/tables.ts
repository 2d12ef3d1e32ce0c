import { bars } from '../../support/picture.ts'
import type { Table } from '../../support/result.ts'
import { ratioText } from '../../support/table.ts'
import { compare, type Standing } from '../../support/turns.ts'
import { ALONE, BASELINE, CONTENDERS, EXECUTE_OF, OURS } from './contenders.ts'
import type { ByRuntime, Found, Results } from './run.ts'
import { SCENE_NAMES, SCENES, type SceneName } from './scene.ts'

/** Without those that take part in one scene alone. */
const SHOWN = Object.keys(CONTENDERS).filter(
  (name) => !Object.values<string>(EXECUTE_OF).includes(name),
)

export function callTables({ times, bytes }: Found): Table[] {
  const [played] = [...times.values()]
  return [
    {
      title: 'What the situations are',
      columns: ['situation', 'calls'],
      rows: [...played!.keys()].map((name) => [name, SCENES[name].means]),
    },
    tableOf(
      'Processor time of one call, ns, its await and all threads of the process included',
      'ns',
      times,
    ),
    tableOf('Bytes that one call allocates, no collection in between', 'bytes', bytes),
  ]
}

function tableOf(title: string, unit: string, found: ByRuntime): Table {
  const cells = (results: Results, scene: SceneName, contender: string) => {
    const of = standing(results, scene, contender)
    return of ? [of.median, ratioText(of.ratio)] : ['', '']
  }
  return {
    title: `${title}; x is the ratio to cockatiel’s CountBreaker in the same round, median (low to high)`,
    columns: [
      'situation',
      'contender',
      ...[...found.keys()].flatMap((runtime) => [`${runtime}, ${unit}`, 'x']),
    ],
    rows: SCENE_NAMES.flatMap((scene) =>
      Object.keys(CONTENDERS).flatMap((contender) => {
        const row = [...found.values()].flatMap((results) => cells(results, scene, contender))
        return row.some((cell) => cell !== '') ? [[scene, contender, ...row]] : []
      }),
    ),
    samples: Object.fromEntries(
      [...found].map(([runtime, results]) => [runtime, Object.fromEntries(results)]),
    ),
  }
}

export function callPictures({ times }: Found): Record<string, string> {
  const node = times.get('node')!
  const everywhere = [...times.get('deno')!.keys()]
  return {
    'in-process': bars(
      {
        title: 'Processor time of one call on Node',
        x: { name: 'situation' },
        y: { name: 'ns', log: true },
      },
      SCENE_NAMES,
      Object.fromEntries(
        SHOWN.map((name) => [
          name,
          SCENE_NAMES.map((scene) => {
            const of = standing(node, scene, name)
            return of ? Math.round(of.median) : null
          }),
        ]),
      ),
    ),
    runtimes: bars(
      {
        title: 'Processor time of one call of ours, as a ratio to cockatiel’s count breaker',
        x: { name: 'situation' },
        y: { name: 'ratio' },
      },
      everywhere,
      Object.fromEntries(
        [...times].flatMap(([runtime, results]) =>
          [OURS, ALONE].map((name) => [
            `${runtime}: ${name.replace('ours, ', '')}`,
            everywhere.map((scene) => {
              const of = standing(results, scene, name)
              return of ? Number(of.ratio.median.toFixed(2)) : null
            }),
          ]),
        ),
      ),
    ),
  }
}

/** How one contender stands to another in a scene; undefined where either did not take part. */
export function standing(
  results: Results | undefined,
  scene: SceneName,
  contender: string,
  baseline: string = BASELINE,
): Standing | undefined {
  const samples = results?.get(scene)
  if (samples === undefined || !(baseline in samples)) return undefined
  return compare(samples, baseline).find(({ name }) => name === contender)
}
