/**
 * A fleet of breakers in virtual time.
 * @module
 */
export type {
  BreakerOptions,
  FleetGroup,
  Phase,
  SimulatedStorageOptions,
  SimulationOptions,
} from './options.ts'
export type { Spread } from './random.ts'
export type {
  CallersReport,
  CallsReport,
  Durations,
  GroupReport,
  OpensReport,
  OutcomesReport,
  PhaseReport,
  RowLoad,
  SimulationReport,
  StopReport,
} from './report.ts'
export { simulate } from './simulate.ts'
