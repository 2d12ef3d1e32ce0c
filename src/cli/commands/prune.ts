import { DAY_MS } from '../../core/settings.ts'
import { withStorage } from '../database.ts'
import { EXIT } from '../terminal.ts'
import { type Command, UsageError } from '../usage.ts'
import { JSON_OPTION, SCHEMA, writeJson } from './common.ts'

export const prune: Command = {
  name: 'prune',
  summary: 'Delete breakers long unused, and old lines of the audit log.',
  details:
    'Only breakers go that are closed, without override, and untouched for that long; and lines of the audit log that are older.',
  arguments: [],
  options: {
    'older-than': { value: 'time', help: 'How long, such as 30d; at least 1d. Required.' },
    namespace: { value: 'name', help: 'Only in this namespace. Default: in all.' },
    schema: SCHEMA,
    json: JSON_OPTION,
  },
  async run(given, terminal) {
    const olderThanMs = given.duration('older-than', { min: DAY_MS, max: 3_650 * DAY_MS })
    if (olderThanMs === undefined)
      throw new UsageError('--older-than is missing, such as --older-than 30d')
    const namespace = given.word('namespace')
    const within = namespace === undefined ? {} : { namespace }
    const pruned = await withStorage(given, terminal, (storage) =>
      storage.prune({
        ...within,
        breakersOlderThanMs: olderThanMs,
        transitionsOlderThanMs: olderThanMs,
      }),
    )
    if (given.flag('json')) writeJson(terminal, pruned)
    else
      terminal.stdout.write(
        `Deleted ${counted(pruned.breakers, 'breaker')}, and ${counted(pruned.transitions, 'line')} of the audit log.\n`,
      )
    return EXIT.ok
  },
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
