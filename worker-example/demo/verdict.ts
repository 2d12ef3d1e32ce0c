import type { Transition } from 'resilient-circuit'
import { list, seconds } from './paper.ts'
import type { Visit } from './traffic.ts'
import type { Hit } from './upstream.ts'

/** What the demonstration promises, and whether that is what was seen. */
export interface Finding {
  readonly right: boolean
  readonly text: string
}

export interface Evidence {
  readonly names: readonly string[]
  readonly transitions: readonly Transition[]
  readonly hits: readonly Hit[]
  readonly visits: readonly Visit[]
  /** When the upstream broke, in milliseconds since 1970. */
  readonly brokenAt: number
}

/** As many probes as `successLimit: fraction(2, 2)` allows while the breaker is half open. */
const PROBES = 2
/** An instance may act on what it knew a `maxStaleness` ago; the rest is for a busy machine. */
const STOP_WITHIN_MS = 1_000 + 1_000

export function judge(evidence: Evidence): Finding[] {
  return [shape(evidence), stopped(evidence), probes(evidence), recovered(evidence)]
}

/** It must open, probe in vain at least once, and close at the first probes after the cure: each step once, for the whole fleet. */
function shape({ transitions }: Evidence): Finding {
  const path = ['CLOSED', ...transitions.map(({ to }) => to)].join(' > ')
  const unbroken = transitions.every(({ from }, i) => from === (transitions[i - 1]?.to ?? 'CLOSED'))
  const right = unbroken && /^CLOSED > OPEN( > HALF_OPEN > OPEN)+ > HALF_OPEN > CLOSED$/.test(path)
  return { right, text: `one breaker for all took one way: ${path}` }
}

function stopped({ names, transitions, hits, visits, brokenAt }: Evidence): Finding {
  const opened = transitions.find(({ to }) => to === 'OPEN')
  if (opened === undefined) return { right: false, text: 'the breaker never opened' }
  const probing = transitions.find(({ to }) => to === 'HALF_OPEN')?.at ?? Number.POSITIVE_INFINITY
  const late = hits.filter(({ at }) => at > opened.at + STOP_WITHIN_MS && at < probing)
  const first = names.map((name) =>
    visits.find((visit) => visit.instance === name && visit.answer === 'rejected'),
  )
  const missing = names.filter((_, i) => first[i] === undefined)
  if (missing.length > 0) return { right: false, text: `${list(missing)} never stopped` }
  if (late.length > 0) {
    return {
      right: false,
      text: `${list([...new Set(late.map((hit) => hit.caller))])} went on calling while it was open`,
    }
  }
  const times = names.map((name, i) => `${name} after ${seconds(first[i]!.at - brokenAt)}`)
  return { right: true, text: `all ${names.length} instances stopped calling: ${list(times)}` }
}

/** Between one HALF_OPEN and the next nothing may reach the upstream but that round's probes. */
function probes({ transitions, hits }: Evidence): Finding {
  const rounds = transitions.filter(({ to }) => to === 'HALF_OPEN')
  const closed =
    transitions.filter(({ to }) => to === 'CLOSED').at(-1)?.at ?? Number.POSITIVE_INFINITY
  const counts = rounds.map((round, i) => {
    const end = Math.min(rounds[i + 1]?.at ?? Number.POSITIVE_INFINITY, closed)
    return hits.filter(({ at }) => at >= round.at && at < end).length
  })
  const right = counts.length > 0 && counts.every((count) => count >= 1 && count <= PROBES)
  return {
    right,
    text: `probes that went out while half open: ${list(counts.map(String))}; allowed each time: ${PROBES}`,
  }
}

function recovered({ names, transitions, visits }: Evidence): Finding {
  const last = transitions.at(-1)
  if (last?.to !== 'CLOSED') return { right: false, text: 'it did not close again' }
  const silent = names.filter(
    (name) =>
      !visits.some(
        (visit) => visit.instance === name && visit.answer === 'paid' && visit.at > last.at,
      ),
  )
  if (silent.length > 0)
    return { right: false, text: `it closed again, but ${list(silent)} did not notice` }
  return { right: true, text: 'it closed again, and all instances pay' }
}
