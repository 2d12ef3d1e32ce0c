import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, type UserConfig } from 'tsdown'

/** What `exports` and `bin` of package.json may hold: a path, or conditions that lead to one. */
type Target = string | null | { readonly [key: string]: Target }

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest: { exports: Target; bin?: Target } = JSON.parse(
  readFileSync(`${root}package.json`, 'utf8'),
)

function paths(target: Target): string[] {
  if (target === null) return []
  return typeof target === 'string' ? [target] : Object.values(target).flatMap(paths)
}

function sourceOf(name: string): string {
  const candidates = ['.ts', '/index.ts'].map((end) => `src/${name}${end}`)
  const source = candidates.find((path) => existsSync(root + path))
  if (!source)
    throw new Error(
      `package.json names dist/${name}.js, but neither ${candidates.join(' nor ')} exists`,
    )
  return root + source
}

/** `dist/x/y.js`, wherever package.json names it, is built from `src/x/y.ts` or `src/x/y/index.ts`. */
const names = [...paths(manifest.exports), ...paths(manifest.bin ?? null)].flatMap(
  (path) => /^\.\/dist\/(.+)\.js$/.exec(path)?.[1] ?? [],
)
const entry: Record<string, string> = Object.fromEntries(
  [...new Set(names)].sort().map((name) => [name, sourceOf(name)]),
)

/** Indentation makes SQL legible here, and is sent with each statement there. */
const squeezedSql = {
  name: 'squeezed-sql',
  transform: (code: string, id: string) =>
    id.includes('/postgres/statements/') ? code.replace(/\n +/g, '\n') : undefined,
}

const config: UserConfig = defineConfig({
  cwd: root,
  entry,
  plugins: [squeezedSql],
  tsconfig: `${root}tsconfig.json`,
  outDir: `${root}dist`,
  format: 'esm',
  // No entry may assume a runtime; those that need Node say so by importing `node:` modules.
  platform: 'neutral',
  target: 'es2022',
  dts: true,
  deps: {
    neverBundle: [/^node:/],
    // A package that is no peer dependency must not slip into what we publish.
    onlyBundle: [],
  },
  minify: false,
  sourcemap: false,
  clean: true,
  report: false,
  checks: { pluginTimings: false },
  failOnWarn: true,
})
export default config
