import type { CallsReport, GroupReport } from './report.ts'

type Tally = { -readonly [Name in keyof CallsReport]: CallsReport[Name] }

/** One call, as the oracle saw it come in. */
export interface Judged {
  readonly group: number
  /** Did every call of its group fail when it came in? */
  readonly dead: boolean
  /** Would the oracle have rejected it? */
  readonly oracleRejects: boolean
}

const none = (): Tally => ({
  calls: 0,
  reached: 0,
  probes: 0,
  rejected: 0,
  rejectedAlone: 0,
  reachedAlone: 0,
  reachedDead: 0,
  oracleReachedDead: 0,
})

/** What became of the calls of each group, held against the oracle. */
export class Calls {
  readonly #names: readonly string[]
  readonly #groups: readonly Tally[]

  constructor(names: readonly string[]) {
    this.#names = names
    this.#groups = names.map(none)
  }

  came({ group, dead, oracleRejects }: Judged): void {
    const tally = this.#groups[group]!
    tally.calls++
    if (dead && !oracleRejects) tally.oracleReachedDead++
  }

  reached({ group, dead, oracleRejects }: Judged, probe: boolean): void {
    const tally = this.#groups[group]!
    tally.reached++
    if (probe) tally.probes++
    if (dead) tally.reachedDead++
    if (oracleRejects) tally.reachedAlone++
  }

  rejected({ group, oracleRejects }: Judged): void {
    const tally = this.#groups[group]!
    tally.rejected++
    if (!oracleRejects) tally.rejectedAlone++
  }

  groups(): readonly GroupReport[] {
    return this.#groups.map((tally, i) => ({ name: this.#names[i]!, ...tally }))
  }

  total(): CallsReport {
    const total = none()
    for (const tally of this.#groups)
      for (const name of Object.keys(total) as (keyof Tally)[]) total[name] += tally[name]
    return total
  }
}
