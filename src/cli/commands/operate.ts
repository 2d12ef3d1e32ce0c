import { InvalidOptionError } from '../../core/errors.ts'
import type { Order } from '../../core/event.ts'
import { LONGEST_ORDER } from '../../core/orders.ts'
import { readingOf, withReading } from '../../core/reading.ts'
import { DAY_MS } from '../../core/settings.ts'
import type { Snapshot } from '../../core/snapshot.ts'
import { INDEFINITE, type OverrideKind } from '../../core/state.ts'
import { withStorage } from '../database.ts'
import { painter, printable } from '../style.ts'
import { EXIT, type Terminal } from '../terminal.ts'
import type { Command, Given } from '../usage.ts'
import { actorOf, breakerOf, JSON_OPTION, KEY, NAMESPACE, SCHEMA, writeJson } from './common.ts'
import { paintStatus, stateOf } from './snapshot.ts'

const OPTIONS: Command['options'] = {
  namespace: NAMESPACE,
  reason: { value: 'text', help: 'Why; goes into the audit log.' },
  actor: { value: 'name', help: 'Who; goes into the audit log. Default: your user name.' },
  schema: SCHEMA,
  json: JSON_OPTION,
}
const FOR = (what: string) => ({
  for: { value: 'time', help: `${what}, such as 10m; at most 30d. Default: until lifted.` },
})

export const open: Command = {
  name: 'open',
  summary: 'Open a breaker for its cooldown.',
  arguments: [KEY],
  options: {
    cooldown: {
      value: 'time',
      help: "How long, such as 30s. Default: what its last user's settings say, else 30s.",
    },
    ...OPTIONS,
  },
  run: (given, terminal) =>
    command(given, terminal, (before) => {
      const cooldownMs = given.duration('cooldown', { min: 1, max: DAY_MS })
      return {
        command: 'open',
        cooldownMs:
          cooldownMs === undefined ? (before.settings?.cooldownMs ?? [30_000]) : [cooldownMs],
      }
    }),
}

export const close: Command = {
  name: 'close',
  summary: 'Close a breaker, and lift what overrides it.',
  arguments: [KEY],
  options: OPTIONS,
  run: (given, terminal) => command(given, terminal, () => ({ command: 'close' })),
}

export const reset: Command = {
  name: 'reset',
  summary: 'Close a breaker, and forget its outcomes, override and consecutive opens.',
  arguments: [KEY],
  options: OPTIONS,
  run: (given, terminal) => command(given, terminal, () => ({ command: 'reset' })),
}

export const isolate: Command = {
  name: 'isolate',
  summary: 'Hold a breaker open, whatever happens; then probes decide.',
  arguments: [KEY],
  options: { ...FOR('How long'), ...OPTIONS },
  run: (given, terminal) => command(given, terminal, () => overrideOrder(given, 'FORCED_OPEN')),
}

export const override: Command = {
  name: 'override',
  summary: 'Give a breaker a standing order, or lift it.',
  details: `DISABLED      lets all calls through, and records nothing
METRICS_ONLY  records, and rejects nothing
FORCED_OPEN   rejects all calls: the same as isolate
none          lifts what stands`,
  arguments: [KEY, { name: 'order', help: 'DISABLED, METRICS_ONLY, FORCED_OPEN or none.' }],
  options: { ...FOR('How long it stands'), ...OPTIONS },
  run: (given, terminal) =>
    command(given, terminal, () => overrideOrder(given, kindOf(given.argument('order')!))),
}

function kindOf(text: string): OverrideKind | null {
  const kind = text.toUpperCase().replaceAll('-', '_')
  if (kind === 'NONE') return null
  if (kind === 'DISABLED' || kind === 'METRICS_ONLY' || kind === 'FORCED_OPEN') return kind
  throw new InvalidOptionError('order', 'DISABLED, METRICS_ONLY, FORCED_OPEN or none', text)
}

function overrideOrder(given: Given, kind: OverrideKind | null): Order {
  return {
    command: 'override',
    override: kind,
    forMs: given.duration('for', LONGEST_ORDER) ?? null,
  }
}

async function command(
  given: Given,
  terminal: Terminal,
  orderOf: (before: Snapshot) => Order,
): Promise<number> {
  const [actor, reason] = [actorOf(given), given.word('reason') ?? null]
  const { snapshot, before } = await withStorage(given, terminal, async (storage) => {
    const id = breakerOf(given, storage)
    // Wrong options are told before anything is asked of the database.
    orderOf({ settings: null } as Snapshot)
    const [read] = await storage.exchange([id])
    const done = await storage.control({
      ...id,
      command: { order: orderOf(read!.snapshot), actor, reason },
    })
    return { snapshot: done.snapshot, before: read!.snapshot }
  })
  if (given.flag('json')) writeJson(terminal, withReading(snapshot))
  else terminal.stdout.write(`${said(before, snapshot, terminal)}\n`)
  return EXIT.ok
}

function said(before: Snapshot, after: Snapshot, { stdout, env }: Terminal): string {
  const paint = painter(stdout, env)
  const state = (snapshot: Snapshot) => paintStatus(paint, snapshot, stateOf(snapshot))
  const change =
    stateOf(before) === stateOf(after)
      ? `stays ${state(after)}`
      : `${state(before)} → ${state(after)}`
  const { activeOverride, phase } = readingOf(after)
  const openUntil = after.status === 'OPEN' && phase === 'OPEN' ? after.openUntil : null
  const until = activeOverride === null ? openUntil : activeOverride.until
  const end =
    until === null || until >= INDEFINITE ? '' : `, until ${new Date(until).toISOString()}`
  return `${paint('bold', printable(after.resourceKey))} (${printable(after.namespace)}): ${change}${end}`
}
