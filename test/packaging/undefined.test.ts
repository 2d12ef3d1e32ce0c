import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { circuitDashboard } from '../../src/dashboard/index.ts'
import { createStorage } from '../../src/env/node.ts'
import { protectFetch } from '../../src/fetch/index.ts'
import { circuitBreaker } from '../../src/hono/index.ts'
import {
  CircuitProtectorPolicy,
  ExponentialDelay,
  RetryWithBackoffPolicy,
} from '../../src/index.ts'
import { neonStorage } from '../../src/postgres/neon-fetch.ts'
import { nodePostgresStorage } from '../../src/postgres/node-postgres.ts'
import { InMemoryStorage } from '../../src/storage.ts'
import { root } from './entries.ts'
import { RESOLUTIONS, STRICT } from './program.ts'

const files = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.d.ts'))
  .map((file) => join(root, 'dist', file))
const program = ts.createProgram(files, { ...STRICT, ...RESOLUTIONS['nodenext'], noEmit: true })
const checker = program.getTypeChecker()
const nodes: ts.Node[] = []
const collect = (node: ts.Node): void => {
  nodes.push(node)
  node.forEachChild(collect)
}
for (const file of files) program.getSourceFile(file)!.forEachChild(collect)
const placeOf = (node: ts.Node) => node.getSourceFile().fileName.slice(root.length)

const ALWAYS = ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.Undefined
const takesUndefined = (type: ts.Type): boolean =>
  (type.flags & ALWAYS) !== 0 || (type.isUnion() && type.types.some(takesUndefined))

/** Every optional option of this interface, as undefined. */
function leftOut(name: string): Record<string, undefined> {
  const options = nodes.filter(ts.isInterfaceDeclaration).find((node) => node.name.text === name)!
  const optional = checker
    .getTypeAtLocation(options)
    .getProperties()
    .filter(({ flags }) => flags & ts.SymbolFlags.Optional)
  return Object.fromEntries(optional.map((symbol) => [symbol.name, undefined]))
}

describe('an optional member of any type that the package emits', () => {
  it('takes undefined, as projects with exactOptionalPropertyTypes pass it on', () => {
    const refusing = nodes
      .filter(ts.isPropertySignature)
      .filter(
        ({ questionToken, type }) =>
          questionToken !== undefined && !takesUndefined(checker.getTypeFromTypeNode(type!)),
      )
    expect(refusing.map((node) => `${placeOf(node)}: ${node.getText()}`)).toEqual([])
  })

  it('is written out, for the members of a Partial take no undefined', () => {
    const partial = nodes.filter(ts.isIdentifier).filter(({ text }) => text === 'Partial')
    expect(partial.map((node) => `${placeOf(node)}: ${node.parent.getText()}`)).toEqual([])
  })
})

describe('options that are all undefined', () => {
  const storage = new InMemoryStorage()
  const url = 'postgres://user:secret@ep-x.eu.aws.neon.tech/db'
  const MADE: readonly [string, (options: object) => unknown][] = [
    ['CircuitProtectorOptions', (o) => new CircuitProtectorPolicy(o)],
    ['CircuitBreakerOptions', (o) => circuitBreaker({ resourceKey: 'key', ...o })],
    ['ProtectFetchOptions', (o) => protectFetch(o)],
    ['DashboardOptions', (o) => circuitDashboard({ storage, ...o })],
    ['RetryWithBackoffOptions', (o) => new RetryWithBackoffPolicy(o)],
    ['ExponentialDelayOptions', (o) => new ExponentialDelay({ minDelay: 1, maxDelay: 2, ...o })],
    ['InMemoryStorageOptions', (o) => new InMemoryStorage(o)],
    ['NeonStorageOptions', (o) => neonStorage(url, o)],
    ['CreateStorageOptions', (o) => createStorage({}, { ...o, onNotice: () => {} })],
    ['NodePostgresStorageOptions', (o) => nodePostgresStorage(url, o).close()],
    ['ListQuery', (o) => storage.list(o)],
    ['HistoryQuery', (o) => storage.history(o)],
    ['PruneQuery', (o) => storage.prune(o)],
  ]

  it.each(MADE)('are left out: %s', async (name, make) => {
    const options = leftOut(name)
    expect(Object.keys(options)).not.toEqual([])
    await make(options)
  })
})
