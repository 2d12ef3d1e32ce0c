import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare, NoOpLog } from 'miniflare'

/** One instance of the Worker: a workerd process of its own, which shares nothing with the others but the database. */
export interface Instance {
  readonly name: string
  /** Such as `http://127.0.0.1:12345`. */
  readonly url: string
  stop(): Promise<void>
}

const NAMES = ['amsterdam', 'boston', 'chiba']

/** Builds the Worker, and starts three of it. */
export async function startFleet(
  bindings: Readonly<Record<string, string>>,
): Promise<readonly Instance[]> {
  const script = await bundle(fileURLToPath(new URL('worker.ts', import.meta.url)))
  const starting = NAMES.map((name) => startInstance(name, script, bindings))
  const outcomes = await Promise.allSettled(starting)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  const instances = outcomes.flatMap((outcome) =>
    outcome.status === 'fulfilled' ? [outcome.value] : [],
  )
  if (failed === undefined) return instances
  await Promise.all(instances.map((instance) => instance.stop()))
  throw failed.reason
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker', 'import'],
    logLevel: 'error',
  })
  return outputFiles[0]!.text
}

async function startInstance(
  name: string,
  script: string,
  bindings: Readonly<Record<string, string>>,
): Promise<Instance> {
  const worker = new Miniflare({
    modules: true,
    script,
    bindings: { ...bindings },
    compatibilityDate: '2026-04-01',
    host: '127.0.0.1',
    port: 0,
    // It would fetch a file from the internet.
    cf: false,
    log: new NoOpLog(),
    handleRuntimeStdio(stdout: Readable, stderr: Readable) {
      stdout.resume()
      stderr.resume()
    },
  })
  try {
    return { name, url: (await worker.ready).origin, stop: () => worker.dispose() }
  } catch (error) {
    await worker.dispose()
    throw error
  }
}
