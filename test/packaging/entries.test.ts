import { describe, expect, it } from 'vitest'
import { bundle } from './bundle.ts'
import { entries, root, unclaimed } from './entries.ts'

const everything = (name: string) => `export * from '${name}'`

describe('the entries of the package', () => {
  it('all say where they run and what they need', () => {
    expect(unclaimed).toEqual([])
    expect(entries.length).toBeGreaterThan(5)
  })
})

describe.each(entries.filter(({ runtime }) => runtime === 'any'))(
  '$name runs anywhere:',
  ({ name, packages }) => {
    it('no Node built-in is reachable from it, and no package but those that it says', async () => {
      const { imports } = await bundle(everything(name))
      const isAllowed = (path: string) =>
        packages.some((allowed) => path === allowed || path.startsWith(`${allowed}/`))
      expect(imports.filter((path) => !isAllowed(path))).toEqual([])
    })

    it('nor is one with those packages in it', async () => {
      const { imports, files } = await bundle(everything(name), { external: [] })
      expect(imports).toEqual([])
      for (const needed of packages) expect(files.join('\n')).toContain(`node_modules/${needed}/`)
    })
  },
)

describe.each(entries.filter(({ runtime }) => runtime === 'node'))(
  '$name runs on servers:',
  ({ name, packages }) => {
    it('no package is reachable from it but those that it says', async () => {
      const { imports } = await bundle(everything(name), { platform: 'node', conditions: [] })
      const isAllowed = (path: string) =>
        path.startsWith('node:') ||
        packages.some((allowed) => path === allowed || path.startsWith(`${allowed}/`))
      expect(imports.filter((path) => !isAllowed(path))).toEqual([])
    })
  },
)

describe('migrations and pages', () => {
  const own = entries.filter(({ name }) => !/\/(migrate|local|dashboard)$/.test(name))

  it.each(own)('are not in $name', async ({ name }) => {
    const { text } = await bundle(everything(name), { platform: 'node' })
    expect(text).not.toMatch(/create table|<html|<!doctype/i)
  })

  it('are recognised where they are', async () => {
    const { text } = await bundle(everything('resilient-circuit/migrate'), { platform: 'node' })
    expect(text).toMatch(/create table/i)
  })
})

describe('what is not used', () => {
  it('is left out', async () => {
    const names = entries
      .map(({ name }) => name)
      .filter((name) => name !== 'resilient-circuit/auto')
    const { files } = await bundle(names.map((name) => `import '${name}'`).join('\n'), {
      platform: 'node',
    })
    expect(files).toEqual(['<stdin>'])
  })

  it('is kept where importing it is its use', async () => {
    const { files } = await bundle(`import 'resilient-circuit/auto'`, { platform: 'node' })
    expect(files).toContain('dist/auto/index.js')
  })
})

describe('what the bundler is trusted with', () => {
  it('is to see a built-in where there is one', async () => {
    await expect(bundle(`import 'node:fs'`, { absWorkingDir: root })).rejects.toThrow(
      /Could not resolve "node:fs"/,
    )
  })
})
