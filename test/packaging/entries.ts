import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

interface Claim {
  /** Where it runs: on any runtime, or where there is Node's API. */
  readonly runtime: 'any' | 'node'
  /** Which packages it may reach, all of them peers; by name, for its subpaths too. */
  readonly packages: readonly string[]
  /** Its types need Drizzle's, which do not compile by themselves. */
  readonly drizzleTypes?: true
}

/** What each entry promises. */
const CLAIMS: Readonly<Record<string, Claim>> = {
  '.': { runtime: 'any', packages: [] },
  './storage': { runtime: 'any', packages: [] },
  './fetch': { runtime: 'any', packages: [] },
  './testing': { runtime: 'any', packages: [] },
  './hono': { runtime: 'any', packages: ['hono'] },
  './dashboard': { runtime: 'any', packages: ['hono'] },
  // OpenTelemetry's meter is handed in.
  './metrics': { runtime: 'any', packages: [] },
  './postgres': { runtime: 'any', packages: ['drizzle-orm'], drizzleTypes: true },
  './neon': {
    runtime: 'any',
    packages: ['drizzle-orm', '@neondatabase/serverless'],
    drizzleTypes: true,
  },
  './neon-fetch': { runtime: 'any', packages: [] },
  './env': { runtime: 'any', packages: ['drizzle-orm', '@neondatabase/serverless'] },
  './auto': { runtime: 'node', packages: ['drizzle-orm', '@neondatabase/serverless', 'pg'] },
  './shutdown': { runtime: 'node', packages: [] },
  './node-postgres': { runtime: 'node', packages: ['drizzle-orm', 'pg'], drizzleTypes: true },
  './migrate': {
    runtime: 'node',
    packages: ['drizzle-orm', '@neondatabase/serverless', 'pg'],
    drizzleTypes: true,
  },
  './local': { runtime: 'node', packages: ['drizzle-orm', 'pg', '@electric-sql/pglite'] },
}

interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

const manifest: Manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))

export const peers: readonly string[] = Object.keys(manifest.peerDependencies)

export interface Entry extends Claim {
  /** As it is imported, such as `resilient-circuit/hono`. */
  readonly name: string
}

/** Entries that package.json exports and nobody said anything about. */
export const unclaimed: readonly string[] = paths().filter((path) => !(path in CLAIMS))

export const entries: readonly Entry[] = paths()
  .filter((path) => path in CLAIMS)
  .map((path) => ({ name: `resilient-circuit${path.slice(1)}`, ...CLAIMS[path]! }))

function paths(): string[] {
  return Object.keys(manifest.exports).filter((path) => path !== './package.json')
}
