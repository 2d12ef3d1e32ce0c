import { withStorage } from '../database.ts'
import { painter, printable } from '../style.ts'
import { EXIT } from '../terminal.ts'
import type { Command } from '../usage.ts'
import { actorOf, breakerOf, JSON_OPTION, KEY, NAMESPACE, SCHEMA, writeJson } from './common.ts'

export const remove: Command = {
  name: 'remove',
  summary: 'Delete one breaker, whatever its status.',
  details:
    'Programs that use it start anew, and their next outcome makes it again. Its audit log stays, with a line that says who removed it.',
  arguments: [KEY],
  options: {
    namespace: NAMESPACE,
    reason: { value: 'text', help: 'Why; goes into the audit log.' },
    actor: { value: 'name', help: 'Who; goes into the audit log. Default: your user name.' },
    schema: SCHEMA,
    json: JSON_OPTION,
  },
  async run(given, terminal) {
    const [actor, reason] = [actorOf(given), given.word('reason') ?? null]
    const { id, removed } = await withStorage(given, terminal, async (storage) => {
      const id = breakerOf(given, storage)
      return { id, removed: await storage.remove!({ ...id, actor, reason }) }
    })
    const { stdout, env } = terminal
    const name = `${painter(stdout, env)('bold', printable(id.resourceKey))} (${printable(id.namespace)})`
    if (given.flag('json')) writeJson(terminal, { ...id, removed })
    else stdout.write(removed ? `${name}: removed\n` : `${name}: there is no such breaker\n`)
    return removed ? EXIT.ok : EXIT.failed
  },
}
