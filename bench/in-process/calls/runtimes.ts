import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { versionsOf } from '../../support/result.ts'
import type { Measured, Plan } from './plan.ts'

/** The machine's own Node comes first, for it is the one that most is measured on. */
export const RUNTIMES = ['node', 'current node', 'deno', 'bun'] as const
export type Runtime = (typeof RUNTIMES)[number]

/**
 * What the oldest Node that this project runs on is too old for. It is installed for each run and not with the project, whose
 * installation would warn of it.
 */
const CURRENT_NODE = `node-${process.platform}-${process.arch}`
const CURRENT_PEERS = { cockatiel: '4.0.0', opossum: '10.0.0' } as const
const CURRENT = [
  `${CURRENT_NODE}@24`,
  ...Object.entries(CURRENT_PEERS).map(([name, version]) => `${name}@${version}`),
]

const bin = (name: string) =>
  fileURLToPath(new URL(`../../../node_modules/.bin/${name}`, import.meta.url))

/** Room for all that is allocated between two looks at the heap, in MiB. */
const YOUNG_GENERATION = 512
/** What V8 is told where bytes are counted. */
const NO_COLLECTION = [
  '--expose-gc',
  `--min-semi-space-size=${YOUNG_GENERATION}`,
  `--max-semi-space-size=${YOUNG_GENERATION}`,
]

/** The program that measures, ready for some runtimes. */
export class Programs {
  readonly #folder: string
  readonly #versions: Record<string, string> = {}

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async make(runtimes: readonly Runtime[]): Promise<Programs> {
    const programs = new Programs(await mkdtemp(join(tmpdir(), 'resilient-circuit-bench-')))
    try {
      await programs.#prepare(runtimes)
      return programs
    } catch (error) {
      await programs.remove()
      throw error
    }
  }

  /** Of the runtimes and the peers. */
  get versions(): Readonly<Record<string, string>> {
    return this.#versions
  }

  async run(runtime: Runtime, plan: Plan): Promise<Measured> {
    return JSON.parse(
      await this.#outputOf(
        [...this.#command(runtime, plan.unit), this.#file(runtime), JSON.stringify(plan)],
        // JavaScriptCore is told so that it must not collect; the others do not know the name.
        plan.unit === 'bytes' ? { BUN_JSC_useGC: '0' } : {},
      ),
    )
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #prepare(runtimes: readonly Runtime[]): Promise<void> {
    await this.#bundle('node', {})
    Object.assign(this.#versions, await versionsOf(...Object.keys(CURRENT_PEERS)))
    if (runtimes.includes('current node')) {
      const prefix = ['--prefix', this.#folder]
      await this.#outputOf(['npm', 'install', ...prefix, '--no-audit', '--no-fund', ...CURRENT])
      const installed = Object.keys(CURRENT_PEERS).map((peer) => [peer, this.#installed(peer)])
      await this.#bundle('current node', Object.fromEntries(installed))
      for (const [peer, version] of Object.entries(CURRENT_PEERS))
        this.#versions[`${peer}, current node`] = version
    }
    for (const runtime of runtimes) {
      const [program] = this.#command(runtime, 'ns')
      const version = await this.#outputOf([program!, '--version'])
      this.#versions[runtime] = /\d+\.\d+\.\d+/.exec(version)![0]
    }
  }

  #bundle(runtime: Runtime, alias: Record<string, string>) {
    return build({
      entryPoints: [fileURLToPath(new URL('measure.ts', import.meta.url))],
      bundle: true,
      // opossum asks for Node's modules by `require`.
      format: 'cjs',
      platform: 'node',
      alias,
      outfile: this.#file(runtime),
      logLevel: 'error',
    })
  }

  #file(runtime: Runtime): string {
    return join(this.#folder, runtime === 'current node' ? 'measure-current.cjs' : 'measure.cjs')
  }

  #installed(name: string): string {
    return join(this.#folder, 'node_modules', name)
  }

  /** How a runtime is started, up to the file that it runs. */
  #command(runtime: Runtime, unit: Plan['unit']): readonly string[] {
    const v8 = unit === 'bytes' ? NO_COLLECTION : []
    switch (runtime) {
      case 'node':
        return [process.execPath, ...v8]
      case 'current node':
        return [join(this.#installed(CURRENT_NODE), 'bin/node'), ...v8]
      case 'deno': {
        const flags = v8.length === 0 ? [] : [`--v8-flags=${v8.join()}`]
        const isolated = ['--no-config', '--no-prompt', '--cached-only', '--allow-env']
        return [bin('deno'), 'run', ...isolated, ...flags]
      }
      case 'bun':
        return [bin('bun'), 'run', '--no-install']
    }
  }

  async #outputOf(
    [program, ...args]: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const { stdout } = await promisify(execFile)(program!, args, {
      cwd: this.#folder,
      env: { ...process.env, DENO_NO_UPDATE_CHECK: '1', DO_NOT_TRACK: '1', ...env },
    })
    return stdout
  }
}
