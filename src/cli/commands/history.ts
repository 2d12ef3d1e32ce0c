import type { Transition } from '../../core/event.ts'
import { withStorage } from '../database.ts'
import { type Paint, painter, printable } from '../style.ts'
import { type Column, table } from '../table.ts'
import { EXIT } from '../terminal.ts'
import type { Command } from '../usage.ts'
import { breakerOf, JSON_OPTION, OPTIONAL_KEY, SCHEMA, writeJson } from './common.ts'
import { instant } from './time.ts'

export const history: Command = {
  name: 'history',
  summary: 'Show the audit log, newest first: who or what changed which breaker, and why.',
  arguments: [OPTIONAL_KEY],
  options: {
    namespace: {
      value: 'name',
      help: 'Only this namespace. Default: all; with a key, RC_NAMESPACE, else default.',
    },
    limit: { value: 'number', help: 'How many lines at most, 1 to 1000. Default: 20.' },
    schema: SCHEMA,
    json: JSON_OPTION,
  },
  async run(given, terminal) {
    const limit = given.whole('limit', { min: 1, max: 1_000 }) ?? 20
    const namespace = given.word('namespace')
    const { items, next } = await withStorage(given, terminal, (storage) => {
      const all = namespace === undefined ? {} : { namespace }
      return storage.history({
        limit,
        ...(given.argument('key') === undefined ? all : breakerOf(given, storage)),
      })
    })
    const { stdout, env } = terminal
    const paint = painter(stdout, env)
    if (given.flag('json')) writeJson(terminal, items)
    else if (items.length === 0) stdout.write('The audit log holds nothing of that.\n')
    else
      stdout.write(table(columnsOf(paint), items, paint, stdout.isTTY ? stdout.columns : undefined))
    if (next !== null && !given.flag('json'))
      stdout.write(`${paint('dim', '… and older: --limit shows up to 1000.')}\n`)
    return EXIT.ok
  },
}

function columnsOf(paint: Paint): readonly Column<Transition>[] {
  const colours = { OPEN: 'red', HALF_OPEN: 'yellow', CLOSED: 'green' } as const
  return [
    { title: 'AT', text: ({ at }) => instant(at), paint: (_, text) => paint('dim', text), drop: 0 },
    {
      title: 'KEY',
      text: ({ resourceKey }) => printable(resourceKey),
      paint: (_, text) => paint('bold', text),
      drop: 0,
    },
    { title: 'NAMESPACE', text: ({ namespace }) => printable(namespace), drop: 4 },
    { title: 'FROM', text: ({ from }) => from, drop: 3 },
    {
      title: 'TO',
      text: ({ to }) => to,
      paint: ({ to }, text) => paint(colours[to], text),
      drop: 0,
    },
    { title: 'CAUSE', text: ({ cause }) => cause, drop: 1 },
    { title: 'BY', text: ({ actor }) => printable(actor ?? ''), drop: 2 },
    { title: 'REASON', text: ({ reason }) => printable(reason ?? ''), drop: 2 },
  ]
}
