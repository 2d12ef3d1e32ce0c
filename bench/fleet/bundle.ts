import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

let bundles = 0

/** Bundles a file beside this one, with these constants of the replica changed (`NAME=value`), for as long as `use` takes. */
export async function bundled<T>(
  entry: string,
  changes: readonly string[],
  use: (file: string) => Promise<T>,
): Promise<T> {
  const left = new Map(changes.map((change) => change.split('=') as [string, string]))
  const changed: Plugin = {
    name: 'changed-constants',
    setup: (plugin) =>
      plugin.onLoad({ filter: /src\/fleet\/.*\.ts$/ }, async ({ path }) => {
        let contents = await readFile(path, 'utf8')
        for (const [name, value] of left) {
          const after = contents.replace(
            new RegExp(`^const ${name} = .*$`, 'm'),
            `const ${name} = ${value}`,
          )
          if (after !== contents) left.delete(name)
          contents = after
        }
        return { contents, loader: 'ts' }
      }),
  }
  const built = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    plugins: [changed],
  })
  if (left.size > 0)
    throw new Error(
      `the replica has no constant ${[...left.keys()].join(', ')}, or it has that value`,
    )
  const file = join(tmpdir(), `fleet-${process.pid}-${bundles++}.mjs`)
  await writeFile(file, built.outputFiles[0]!.contents)
  try {
    return await use(file)
  } finally {
    await rm(file)
  }
}
