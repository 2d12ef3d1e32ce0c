import { gzipSync } from 'node:zlib'
import { type BuildOptions, build } from 'esbuild'
import { peers, root } from './entries.ts'

export interface Bundle {
  readonly text: string
  /** Minified and gzipped, in bytes. */
  readonly gzipped: number
  /** Whatever it imports that is not in it. */
  readonly imports: readonly string[]
  /** The files that it is made of. */
  readonly files: readonly string[]
}

/** Makes one file of a module's text as an edge platform's tools do, with the peer dependencies left out. Node's modules are none of it. */
export async function bundle(text: string, options: BuildOptions = {}): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: text, resolveDir: root, loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker', 'edge-light'],
    target: 'es2022',
    external: peers.flatMap((peer) => [peer, `${peer}/*`]),
    logLevel: 'silent',
    ...options,
  })
  const { contents } = outputFiles![0]!
  const output = Object.values(metafile!.outputs)[0]!
  return {
    text: new TextDecoder().decode(contents),
    gzipped: gzipSync(contents, { level: 9 }).length,
    imports: output.imports.filter(({ external }) => external).map(({ path }) => path),
    files: Object.keys(output.inputs),
  }
}
