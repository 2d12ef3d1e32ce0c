import { lines } from '../support/picture.ts'
import { whileDead } from './comparison.ts'
import { PHASES } from './growing.ts'
import { type Measured, type Run, statements, typical } from './sizes.ts'

type Points = [x: number, y: number][]

const isolates = { name: 'isolates', log: true } as const

/** Pictures of the curve whose isolates call so often. */
export function sizePictures(
  all: readonly Measured[],
  callsPerSecond: number,
): Record<string, string> {
  const measured = all.filter((each) => each.callsPerSecond === callsPerSecond)
  const each = `${callsPerSecond} call${callsPerSecond === 1 ? '' : 's'}/s each`
  /** A log axis has no place for what is zero. */
  const curve = (of: (run: Run) => number): Points =>
    measured
      .map((one): Points[number] => [one.isolates, typical(one.runs, of)])
      .filter(([, y]) => y > 0)
  return {
    'fleet-statements': lines(
      {
        title: `Storage statements of a fleet, ${each}`,
        x: isolates,
        y: { name: 'statements/s', log: true },
      },
      Object.fromEntries(
        PHASES.map((name, i) => [
          name,
          curve(({ shared: { phases } }) => statements(phases[i]!) / phases[i]!.seconds),
        ]),
      ),
    ),
    'fleet-damage': lines(
      {
        title: `Calls that reached the dead dependency, ${each}`,
        x: isolates,
        y: { name: 'calls', log: true },
      },
      {
        ours: curve(({ shared }) => whileDead(shared.phases).reached),
        'in-process': curve(({ inProcess }) => whileDead(inProcess.phases).reached),
        oracle: curve(({ inProcess }) => inProcess.oracle.reached),
      },
    ),
  }
}
