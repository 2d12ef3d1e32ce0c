import { OPTIONS } from '../../breaker/options.ts'
import { checkedChoice, checkedInteger, checkKnown } from '../../core/checks.ts'
import { InvalidOptionError } from '../../core/errors.ts'
import {
  type FleetGroup,
  GROUP_OPTIONS,
  PHASE_OPTIONS,
  type Phase,
  SIMULATION_OPTIONS,
  type SimulatedStorageOptions,
  type SimulationOptions,
  STORAGE_OPTIONS,
} from './options.ts'
import type { Spread } from './random.ts'

const LONGEST_MS = 86_400_000
const MOST_ISOLATES = 1_000_000
const MOST_CALLS_PER_SECOND = 100_000
/** What the simulator brings itself. */
const { storage, runtime, background, resourceKey, namespace, ...BREAKER_OPTIONS } = OPTIONS

/** @throws {InvalidOptionError} naming the option, its range and the value */
export function checkSimulation(options: SimulationOptions): void {
  checkKnown(options, SIMULATION_OPTIONS)
  const { seed = 1, durationMs, fleet, dependency, breaker, storage = {} } = options
  checkedInteger('seed', seed, 0)
  checkedInteger('durationMs', durationMs, 1, LONGEST_MS)
  checkList('fleet', fleet, 'group')
  for (const [i, group] of fleet.entries()) checkGroup(`fleet[${i}]`, group)
  checkPhases('dependency', dependency)
  checkNames('breaker', breaker, BREAKER_OPTIONS)
  checkStorage(storage)
}

function checkGroup(path: string, group: FleetGroup): void {
  checkNames(path, group, GROUP_OPTIONS)
  const { name, isolates, callsPerSecond, arrivals, callsPerLife, dependency } = group
  if (name !== undefined) checkText(`${path}.name`, name)
  checkedInteger(`${path}.isolates`, isolates, 1, MOST_ISOLATES)
  if (!(isNumber(callsPerSecond) && callsPerSecond > 0 && callsPerSecond <= MOST_CALLS_PER_SECOND))
    throw new InvalidOptionError(
      `${path}.callsPerSecond`,
      `a number above 0, up to ${MOST_CALLS_PER_SECOND}`,
      callsPerSecond,
    )
  if (arrivals !== undefined) checkedChoice(`${path}.arrivals`, arrivals, ['random', 'regular'])
  if (callsPerLife !== undefined) checkedInteger(`${path}.callsPerLife`, callsPerLife, 1)
  if (dependency !== undefined) checkPhases(`${path}.dependency`, dependency)
}

function checkPhases(path: string, phases: readonly Phase[]): void {
  checkList(path, phases, 'phase')
  phases.forEach((phase, i) => {
    const here = `${path}[${i}]`
    checkNames(here, phase, PHASE_OPTIONS)
    checkText(`${here}.name`, phase.name)
    const { fromMs } = phase
    const first = i === 0
    const follows = first ? fromMs === 0 : fromMs > phases[i - 1]!.fromMs
    if (!(Number.isSafeInteger(fromMs) && fromMs % 1_000 === 0 && follows))
      throw new InvalidOptionError(
        `${here}.fromMs`,
        first ? '0' : 'a whole second in milliseconds, after the phase before it',
        fromMs,
      )
    checkShare(`${here}.failures`, phase.failures)
    checkSpread(`${here}.latency`, phase.latency)
  })
}

function checkStorage(options: SimulatedStorageOptions): void {
  checkNames('storage', options, STORAGE_OPTIONS)
  const { latency, writeMs = 0, timeouts = 0, lostAnswers = 0, outages = [], rewind } = options
  checkSpread('storage.latency', latency)
  checkSpan('storage.writeMs', writeMs)
  checkShare('storage.timeouts', timeouts)
  checkShare('storage.lostAnswers', lostAnswers)
  if (timeouts + lostAnswers > 1)
    throw new InvalidOptionError('storage.lostAnswers', 'at most 1 less timeouts', lostAnswers)
  if (!Array.isArray(outages))
    throw new InvalidOptionError('storage.outages', 'a list of outages', outages)
  outages.forEach((outage, i) => {
    const here = `storage.outages[${i}]`
    checkNames(here, outage, { fromMs: 1, untilMs: 1 })
    checkSpan(`${here}.fromMs`, outage.fromMs)
    checkSpan(`${here}.untilMs`, outage.untilMs)
  })
  if (rewind === undefined) return
  checkNames('storage.rewind', rewind, { atMs: 1, byMs: 1 })
  checkSpan('storage.rewind.atMs', rewind.atMs)
  checkSpan('storage.rewind.byMs', rewind.byMs)
}

const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value)

function checkNames(path: string, value: unknown, known: object): void {
  if (typeof value !== 'object' || value === null)
    throw new InvalidOptionError(path, 'an object', value)
  checkKnown(value, known)
}

function checkList(path: string, list: unknown, of: string): void {
  if (!Array.isArray(list) || list.length === 0)
    throw new InvalidOptionError(path, `a list of at least one ${of}`, list)
}

function checkText(path: string, value: unknown): void {
  if (typeof value !== 'string') throw new InvalidOptionError(path, 'a string', value)
}

function checkShare(path: string, value: unknown): void {
  if (!(isNumber(value) && value >= 0 && value <= 1))
    throw new InvalidOptionError(path, 'a share from 0 to 1', value)
}

function checkSpan(path: string, value: unknown): void {
  if (!(isNumber(value) && value >= 0 && value <= LONGEST_MS))
    throw new InvalidOptionError(path, `milliseconds from 0 to ${LONGEST_MS}`, value)
}

function checkSpread(path: string, spread: Spread | undefined): void {
  if (spread === undefined) return
  checkNames(path, spread, { min: 1, mean: 1 })
  checkSpan(`${path}.min`, spread.min)
  checkSpan(`${path}.mean`, spread.mean)
  if (spread.mean < spread.min)
    throw new InvalidOptionError(`${path}.mean`, `at least min, ${spread.min}`, spread.mean)
}
