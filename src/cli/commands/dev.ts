import { once } from 'node:events'
import { startLocalNeon } from '../../local/index.ts'
import { painter } from '../style.ts'
import { EXIT } from '../terminal.ts'
import type { Command } from '../usage.ts'
import { JSON_OPTION } from './common.ts'

export const dev: Command = {
  name: 'dev',
  summary: 'Run a PostgreSQL for development behind a local Neon endpoint, until Ctrl-C.',
  details:
    "The database is embedded (needs @electric-sql/pglite), has the breakers' tables, and speaks Neon's protocol: the driver of\nWorkers reaches it as it would reach Neon.",
  arguments: [],
  local: true,
  options: {
    port: { value: 'number', help: 'The port to listen on; 0: any free one. Default: 4444.' },
    'data-dir': {
      value: 'folder',
      help: 'Where to keep the data. Default: in memory, gone with this process.',
    },
    json: JSON_OPTION,
  },
  async run(given, terminal) {
    const port = given.whole('port', { min: 0, max: 65_535 }) ?? 4444
    const { stdout, env } = terminal
    const paint = painter(stdout, env)
    // Ctrl-C while it starts ends the process as usual: there is nothing yet to be ended in order.
    await using db = await startLocalNeon({ port, dataDir: given.text('data-dir') })
    const interrupted = terminal.interrupted()
    const url = new URL(db.databaseUrl)
    url.searchParams.set('fetch_endpoint', db.fetchEndpoint)
    const variables = { DATABASE_URL: url.href, RC_DB_FETCH_ENDPOINT: db.fetchEndpoint }
    if (given.flag('json')) stdout.write(`${JSON.stringify(variables)}\n`)
    else {
      stdout.write(`${paint('green', 'Ready.')} In .env, or in .dev.vars for wrangler:\n\n`)
      for (const [name, value] of Object.entries(variables)) stdout.write(`${name}=${value}\n`)
      stdout.write(`\n${paint('dim', 'Ctrl-C ends it.')}\n`)
    }
    if (!interrupted.aborted) await once(interrupted, 'abort')
    return EXIT.ok
  },
}
