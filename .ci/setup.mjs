// Makes a checkout ready to run: installs what the lock names, and builds dist/. Silent where both are up to date.
// It runs before there is a node_modules, so it imports Node's own modules only.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const at = (...path) => join(root, ...path)

const NODE_NEEDED = [20, 19]
const BUILT_FROM = [
  'src',
  'drizzle',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  '.ci/tsdown.config.ts',
].map((name) => at(name))
const BUILD_STAMP = at('node_modules/.cache/resilient-circuit/build')
const LOCK = at('.ci/.setup.lock')
const LOCK_TIMEOUT_MS = 10 * 60_000

/** A failure that its message explains; anything else that is thrown here is a fault of this script. */
class SetupError extends Error {}

function main() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor < NODE_NEEDED[1])) {
    throw new SetupError(
      `Working on this project needs Node ${NODE_NEEDED.join('.')} or newer; this is ${process.versions.node}.`,
    )
  }
  if (isInstalled() && isBuilt()) return

  takeLock()
  try {
    // Asked again, because the one who held the lock before us may have done it.
    if (!isInstalled()) {
      npm('Installing the dependencies', 'ci', '--include=dev', '--no-audit', '--no-fund')
      if (!isInstalled())
        throw new SetupError(
          'npm ci succeeded, but what it installed does not match package-lock.json.',
        )
    }
    if (!isBuilt()) {
      rmSync(BUILD_STAMP, { force: true })
      // Before the build, so that a source saved while it runs makes the next run build again.
      const hash = hashOfSources()
      npm('Building dist/', 'run', 'build')
      mkdirSync(dirname(BUILD_STAMP), { recursive: true })
      writeFileSync(BUILD_STAMP, hash)
    }
  } finally {
    rmSync(LOCK, { force: true })
  }
}

/** Compares the lock with npm's own note of what it installed. Optional packages (those of other platforms) may be absent. */
function isInstalled() {
  const note = at('node_modules/.package-lock.json')
  if (!existsSync(note)) return false
  const installed = JSON.parse(readFileSync(note, 'utf8')).packages
  const wanted = Object.entries(JSON.parse(readFileSync(at('package-lock.json'), 'utf8')).packages)
  return wanted.every(([path, { version, integrity, optional }]) => {
    if (path === '') return true
    const found = installed[path]
    return found ? found.version === version && found.integrity === integrity : optional
  })
}

function isBuilt() {
  return (
    existsSync(at('dist')) &&
    existsSync(BUILD_STAMP) &&
    readFileSync(BUILD_STAMP, 'utf8') === hashOfSources()
  )
}

function hashOfSources() {
  const hash = createHash('sha256')
  for (const file of BUILT_FROM.flatMap(filesOf)) {
    const content = readFileSync(file)
    hash.update(`${relative(root, file)}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}

function filesOf(path) {
  try {
    return readdirSync(path)
      .sort()
      .flatMap((name) => filesOf(join(path, name)))
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path]
    if (error.code === 'ENOENT') return []
    throw error
  }
}

/** One setup at a time, for two of them would delete each other's node_modules. */
function takeLock() {
  const deadline = Date.now() + LOCK_TIMEOUT_MS
  let told = false
  while (!createLock()) {
    const holder = Number(existsSync(LOCK) && readFileSync(LOCK, 'utf8'))
    if (holder > 0 && !isAlive(holder)) {
      rmSync(LOCK, { force: true })
      continue
    }
    if (Date.now() > deadline)
      throw new SetupError(`Another setup does not end. If there is none, delete ${LOCK}`)
    if (!told) console.error('Waiting for another setup of this folder …')
    told = true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  }
}

function createLock() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Runs the npm that runs us, where there is one. Its output is of interest only if it fails. */
function npm(title, ...args) {
  const start = performance.now()
  console.error(`${title} …`)
  const ours = process.env.npm_execpath ?? ''
  const [command, first] =
    basename(ours) === 'npm-cli.js' ? [process.execPath, [ours]] : ['npm', []]
  const { status, error, stdout, stderr } = spawnSync(command, [...first, ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: Number.POSITIVE_INFINITY,
    shell: command === 'npm' && process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (status !== 0) {
    console.error(`${stdout ?? ''}${stderr ?? ''}`)
    throw new SetupError(
      `${title} failed (npm ${args.join(' ')}): ${error?.message ?? `exit code ${status ?? 'none'}`}`,
    )
  }
  console.error(`${title} took ${((performance.now() - start) / 1000).toFixed(1)} s`)
}

try {
  main()
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
