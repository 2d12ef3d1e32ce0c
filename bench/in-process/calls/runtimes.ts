import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import type { Measured, Plan } from './plan.ts'

const bin = (name: string) =>
  fileURLToPath(new URL(`../../../node_modules/.bin/${name}`, import.meta.url))

/** Room for all that is allocated between two looks at the heap, in MiB. */
const YOUNG_GENERATION = 512

const DENO = [bin('deno'), 'run', '--no-config', '--no-prompt', '--cached-only', '--allow-env']
const BUN = [bin('bun'), 'run', '--no-install']
const NO_COLLECTION = [
  '--expose-gc',
  `--min-semi-space-size=${YOUNG_GENERATION}`,
  `--max-semi-space-size=${YOUNG_GENERATION}`,
]

interface Command {
  /** What a file's name follows. */
  readonly words: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** How each runtime is started: to measure time, and to count bytes. */
const COMMANDS = {
  node: { words: [process.execPath] },
  deno: { words: DENO },
  bun: { words: BUN },
  'node, no collection': { words: [process.execPath, ...NO_COLLECTION] },
  'deno, no collection': { words: [...DENO, `--v8-flags=${NO_COLLECTION.join()}`] },
  'bun, no collection': { words: BUN, env: { BUN_JSC_useGC: '0' } },
} satisfies Record<string, Command>

export type RuntimeName = keyof typeof COMMANDS

/** One file that measures on each runtime. */
export class Bundle {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async make(): Promise<Bundle> {
    const bundle = new Bundle(await mkdtemp(join(tmpdir(), 'resilient-circuit-bench-')))
    await build({
      entryPoints: [fileURLToPath(new URL('measure.ts', import.meta.url))],
      bundle: true,
      // opossum asks for Node's modules by `require`.
      format: 'cjs',
      platform: 'node',
      outfile: bundle.#file,
      logLevel: 'error',
    })
    return bundle
  }

  async run(runtime: RuntimeName, plan: Plan): Promise<Measured> {
    const { words, env }: Command = COMMANDS[runtime]
    const [program, ...args] = [...words, this.#file, JSON.stringify(plan)]
    const { stdout } = await promisify(execFile)(program!, args, {
      cwd: this.#folder,
      env: { ...process.env, DENO_NO_UPDATE_CHECK: '1', DO_NOT_TRACK: '1', ...env },
    })
    return JSON.parse(stdout)
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  get #file(): string {
    return join(this.#folder, 'measure.cjs')
  }
}

/** The version of Deno or Bun. */
export async function runtimeVersion(runtime: 'deno' | 'bun'): Promise<string> {
  const { stdout } = await promisify(execFile)(bin(runtime), ['--version'])
  return /\d+\.\d+\.\d+/.exec(stdout)![0]
}
