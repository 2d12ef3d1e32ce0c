import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const src = fileURLToPath(new URL('../src', import.meta.url))

const CORE = ['core']
const FLEET = ['fleet', 'breaker', ...CORE]
const POLICIES = ['policies', ...FLEET]
const EDGE_POLICIES = ['policies', 'breaker', ...CORE]
const HTTP = ['http', ...EDGE_POLICIES]
const POSTGRES = ['postgres', ...FLEET]

/** Of each part, what it may import beside itself. Arrows point inwards, and adapters never import each other. */
const MAY_IMPORT: Readonly<
  Record<string, { readonly parts: readonly string[]; readonly packages?: RegExp }>
> = {
  core: { parts: [] },
  breaker: { parts: CORE },
  fleet: { parts: ['breaker', ...CORE] },
  policies: { parts: ['breaker', ...CORE] },
  postgres: {
    parts: FLEET,
    packages: /^(drizzle-orm(\/.+)?|@neondatabase\/serverless|pg|node:(fs|url))$/,
  },
  http: { parts: EDGE_POLICIES },
  hono: { parts: HTTP, packages: /^hono(\/.+)?$/ },
  dashboard: { parts: ['fleet', ...HTTP], packages: /^hono(\/.+)?$/ },
  fetch: { parts: HTTP },
  metrics: { parts: [...POLICIES, 'postgres'], packages: /^@opentelemetry\/api$/ },
  env: { parts: ['postgres', ...POLICIES], packages: /^node:(fs|process|util)$/ },
  // Here things are put together.
  auto: { parts: ['env', ...POLICIES] },
  shutdown: { parts: FLEET, packages: /^node:process$/ },
  cli: {
    parts: ['env', 'local', 'postgres', ...POLICIES],
    packages: /^(node:.+|pg|@neondatabase\/serverless)$/,
  },
  local: {
    parts: POSTGRES,
    packages: /^(node:.+|pg|@electric-sql\/pglite(\/.+)?|drizzle-orm(\/.+)?)$/,
  },
  testing: { parts: POLICIES },
  'index.ts': { parts: EDGE_POLICIES },
  'storage.ts': { parts: FLEET },
}

/** Entries that run where there is no Node. */
const EDGE =
  /^(index|storage|env\/edge|(hono|dashboard|fetch|testing)\/index|metrics\/.+|postgres\/(index|schema|neon|neon-fetch))\.ts$/

const files = (await readdir(src, { recursive: true }))
  .filter((path) => path.endsWith('.ts'))
  .sort()
const imports = new Map(files.map((path) => [path, importsOf(path)]))

interface Imports {
  /** Paths of our own files, by `src`. */
  readonly own: readonly string[]
  readonly packages: readonly string[]
  /** Of both, those that are left when types are erased. */
  readonly values: readonly string[]
}

function importsOf(path: string): Imports {
  const text = readFileSync(join(src, path), 'utf8')
  const resolved = (name: string) =>
    name.startsWith('.') ? relative(src, join(src, dirname(path), name)) : name
  const names = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)
  const erased = ts
    .createSourceFile(path, text, ts.ScriptTarget.ES2022)
    .statements.flatMap((statement) => {
      if (ts.isExportDeclaration(statement) && statement.isTypeOnly)
        return [statement.moduleSpecifier]
      if (
        ts.isImportDeclaration(statement) &&
        statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      ) {
        return [statement.moduleSpecifier]
      }
      return []
    })
  const values = [...names]
  for (const specifier of erased) {
    if (specifier && ts.isStringLiteral(specifier)) values.splice(values.indexOf(specifier.text), 1)
  }
  return {
    own: names.filter((name) => name.startsWith('.')).map(resolved),
    packages: names.filter((name) => !name.startsWith('.')),
    values: values.map(resolved),
  }
}

/** `core/state.ts` is of the part `core`; a file at the top is a part of its own. */
const partOf = (path: string): string => path.split('/')[0]!

describe('the parts of the library', () => {
  it('are all known to this test', () => {
    expect(files.map(partOf).filter((part) => !(part in MAY_IMPORT))).toEqual([])
    expect(files.length).toBeGreaterThan(30)
  })

  it.each([...new Set(files.map(partOf))])('%s imports what it may, and nothing else', (part) => {
    const { parts, packages } = MAY_IMPORT[part] ?? { parts: [] }
    const wrong = files
      .filter((path) => partOf(path) === part)
      .flatMap((path) => {
        const { own, packages: foreign } = imports.get(path)!
        return [
          ...own.filter((target) => partOf(target) !== part && !parts.includes(partOf(target))),
          ...foreign.filter((name) => !packages?.test(name)),
        ].map((target) => `${path} -> ${target}`)
      })
    expect(wrong).toEqual([])
  })

  it('name each file that they import in full', () => {
    const missing = [...imports].flatMap(([path, { own }]) =>
      own.filter((target) => !files.includes(target)).map((target) => `${path} -> ${target}`),
    )
    expect(missing).toEqual([])
  })

  it('import each other in no circle', () => {
    const done = new Set<string>()
    const circles: string[] = []
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path))
        return void circles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '))
      if (done.has(path)) return
      for (const target of imports.get(path)?.values ?? []) visit(target, [...trail, path])
      done.add(path)
    }
    for (const path of files) visit(path, [])
    expect(circles).toEqual([])
  })

  it.each(files.filter((path) => EDGE.test(path)))(
    'reach nothing from %s that an edge runtime lacks',
    (entry) => {
      const reached = new Set([entry])
      for (const path of reached)
        for (const target of imports.get(path)?.values ?? []) reached.add(target)
      expect([...reached].filter((name) => /^(node:|pg$|@electric-sql\/)/.test(name))).toEqual([])
    },
  )
})
