import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { peers, root } from '../packaging/entries.ts'
import type { Runtime } from './differences.ts'

/** A program that runs on its runtime, and has said its first line. */
export interface Program {
  readonly child: ChildProcess
  readonly firstLine: string
  /** Its exit code and the signal that ended it. */
  readonly ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>
  /** Ends it, if it has not ended, and deletes its project. */
  stop(): Promise<void>
}

export interface ProgramOptions {
  /** What stands in its environment, beside ours. */
  readonly env?: Readonly<Record<string, string>>
  /** Of the build. */
  readonly plugins?: Plugin[]
}

/** In a project that has the package installed, as its users do: only the program itself is built. */
export async function startProgram(
  entry: string,
  define: Record<string, string>,
  command: NonNullable<Runtime['command']>,
  { env = {}, plugins = [] }: ProgramOptions = {},
): Promise<Program> {
  const project = await mkdtemp(join(tmpdir(), 'resilient-circuit-'))
  const remove = () => rm(project, { recursive: true, force: true })
  try {
    for (const name of ['@hono/node-server', ...peers])
      await link(project, name, join(root, 'node_modules', name))
    await link(project, 'resilient-circuit', root)
    await writeFile(
      join(project, 'package.json'),
      JSON.stringify({ private: true, type: 'module' }),
    )
    await writeFile(
      join(project, 'program.js'),
      await bundled({ entryPoints: [entry], define, plugins, packages: 'external' }),
    )
    const [path, ...args] = command('program.js')
    // It ends when its standard input does, so that it never outlives us.
    const child = spawn(path!, args, {
      cwd: project,
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
    const stop = async () => {
      child.kill('SIGKILL')
      await ended
      await remove()
    }
    return { child, firstLine: await firstLine(child, ended), ended, stop }
  } catch (error) {
    await remove()
    throw error
  }
}

export async function bundled(options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    logLevel: 'error',
    ...options,
  })
  return outputFiles![0]!.text
}

async function link(project: string, name: string, target: string): Promise<void> {
  const at = join(project, 'node_modules', name)
  await mkdir(dirname(at), { recursive: true })
  await symlink(target, at)
}

async function firstLine(child: ChildProcess, ended: Program['ended']): Promise<string> {
  let errors = ''
  child.stderr!.on('data', (chunk) => {
    errors += chunk
  })
  const lines = createInterface(child.stdout!)
  const failed = ended.then(([code, signal]) => {
    throw new Error(`it ended with ${code ?? signal}: ${errors}`)
  })
  const [line] = await Promise.race([once(lines, 'line'), failed])
  failed.catch(() => {})
  return line
}
