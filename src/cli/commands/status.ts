import { setTimeout as sleep } from 'node:timers/promises'
import { withReading } from '../../core/reading.ts'
import type { Snapshot } from '../../core/snapshot.ts'
import type { EnvironmentStorage } from '../../env/node.ts'
import { databaseOf, withStorage } from '../database.ts'
import { explain } from '../explain.ts'
import { painter } from '../style.ts'
import { table } from '../table.ts'
import { EXIT, type Terminal } from '../terminal.ts'
import type { Command, Given } from '../usage.ts'
import { breakerOf, OPTIONAL_KEY, SCHEMA, writeJson } from './common.ts'
import { columnsOf, detailsOf } from './snapshot.ts'
import { instant } from './time.ts'

export const status: Command = {
  name: 'status',
  summary: 'Show all breakers, worst first, or one of them in full.',
  arguments: [OPTIONAL_KEY],
  options: {
    namespace: {
      value: 'name',
      help: 'Only this namespace. Default: all; with a key, RC_NAMESPACE, else default.',
    },
    watch: { help: 'Show it again and again, until Ctrl-C.' },
    interval: { value: 'time', help: 'How often, with --watch; 200ms to 1h. Default: 2s.' },
    limit: { value: 'number', help: 'How many breakers at most, 1 to 1000. Default: 100.' },
    schema: SCHEMA,
    json: { help: 'Print JSON, with phase and nextCall; with --watch, one line each time.' },
  },
  async run(given, terminal) {
    const intervalMs = given.duration('interval', { min: 200, max: 3_600_000 }) ?? 2_000
    const limit = given.whole('limit', { min: 1, max: 1_000 }) ?? 100
    return withStorage(given, terminal, async (storage) => {
      const look = lookOf(given, storage, limit)
      if (given.flag('watch')) return watch(look, intervalMs, given.flag('json'), terminal)
      const seen = await look()
      if (given.flag('json')) writeJson(terminal, jsonOf(seen))
      else terminal.stdout.write(shown(seen, terminal))
      return seen.one !== undefined && isBlank(seen.one) ? EXIT.failed : EXIT.ok
    })
  },
}

/** One breaker, or a page of them. */
interface Seen {
  readonly one?: Snapshot
  readonly all: readonly Snapshot[]
  readonly more: boolean
}

function lookOf(given: Given, storage: EnvironmentStorage, limit: number): () => Promise<Seen> {
  if (given.argument('key') !== undefined) {
    const id = breakerOf(given, storage)
    return async () => {
      const one = (await storage.exchange([id]))[0]!.snapshot
      return { one, all: [one], more: false }
    }
  }
  const namespace = given.word('namespace')
  return async () => {
    const { items, next } = await storage.list({
      limit,
      ...(namespace === undefined ? {} : { namespace }),
    })
    return { all: items, more: next !== null }
  }
}

const jsonOf = ({ one, all }: Seen): unknown =>
  one === undefined ? all.map(withReading) : withReading(one)

/** A breaker that nobody ever reported to has no row. */
const isBlank = ({ version, generation }: Snapshot): boolean => version === 0 && generation === 0

function shown({ one, all, more }: Seen, { stdout, env }: Terminal): string {
  const paint = painter(stdout, env)
  if (one !== undefined) {
    if (isBlank(one))
      return `Nothing was ever reported of ${JSON.stringify(one.resourceKey)} in the namespace ${JSON.stringify(one.namespace)}.\n`
    return detailsOf(one, paint)
  }
  if (all.length === 0)
    return 'There are no breakers yet: a breaker appears with its first outcome that is stored.\n'
  const body = table(columnsOf(paint), all, paint, stdout.isTTY ? stdout.columns : undefined)
  return more ? `${body}${paint('dim', `… and more: --limit shows up to 1000.`)}\n` : body
}

const OWN_SCREEN = '\u001b[?1049h\u001b[?25l'
const BACK = '\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const CLEAR_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'

/**
 * On a terminal it has a screen of its own, and leaves the old one as it was; elsewhere each look
 * follows the last.
 */
async function watch(
  look: () => Promise<Seen>,
  intervalMs: number,
  json: boolean,
  terminal: Terminal,
): Promise<number> {
  const { stdout, env } = terminal
  const paint = painter(stdout, env)
  const interrupted = terminal.interrupted()
  const screen = stdout.isTTY === true && !json
  if (screen) stdout.write(OWN_SCREEN)
  try {
    while (!interrupted.aborted) {
      const text = await frame()
      if (interrupted.aborted) break
      // Drawn over the last one, so that nothing flickers.
      stdout.write(
        screen ? `${HOME}${text.replaceAll('\n', `${CLEAR_LINE}\n`)}${CLEAR_BELOW}` : text,
      )
      await sleep(intervalMs, undefined, { signal: interrupted }).catch(() => {})
    }
  } finally {
    if (screen) stdout.write(BACK)
  }
  return EXIT.ok

  async function frame(): Promise<string> {
    const at = instant(Date.now())
    try {
      const seen = await look()
      if (json) return `${JSON.stringify(jsonOf(seen))}\n`
      const head = `${paint('dim', at)}${screen ? paint('dim', '  Ctrl-C ends') : ''}\n\n`
      return fitToScreen(head + shown(seen, terminal)) + (screen ? '' : '\n')
    } catch (error) {
      // A database that restarts is no reason to stop watching.
      const { problem } = explain(error, databaseOf(terminal))
      if (json) return `${JSON.stringify({ error: problem })}\n`
      return `${paint('dim', at)}\n\n${paint('red', problem)}\n`
    }
  }

  /** What does not fit would scroll the screen, and then each look would begin elsewhere. */
  function fitToScreen(text: string): string {
    const rows = screen ? (stdout as { readonly rows?: number }).rows : undefined
    const lines = text.split('\n')
    return rows === undefined || lines.length <= rows
      ? text
      : `${lines.slice(0, rows - 2).join('\n')}\n${paint('dim', '…')}`
  }
}
