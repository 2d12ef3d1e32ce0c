import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'

/** Where results and pictures are kept. */
const folder = new URL('../results/', import.meta.url)

/** What a part of the benchmark is asked for. */
export interface PartOptions {
  /** A small run that shows whether it works; its figures mean nothing, and are not kept. */
  readonly quick: boolean
  /** One of the part's sections; all of it by default. */
  readonly only?: string
}

/** What a part of the benchmark found: tables, which are printed and kept, and pictures. */
export interface PartResult {
  /** Versions of what was measured beside Node: packages, servers, runtimes. */
  readonly versions: Readonly<Record<string, string>>
  readonly tables: readonly Table[]
  /** SVG, by file name without its ending. */
  readonly pictures: Readonly<Record<string, string>>
}

export interface Table {
  /** Says what was measured, in which unit. */
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
  /** What the numbers came from: every round of every contender. */
  readonly samples?: unknown
}

/** Keeps a part's tables as `results/<part>.json`, with the machine that they come from, and its pictures beside. */
export async function keep(
  part: string,
  { versions, tables, pictures }: PartResult,
): Promise<void> {
  const machine = {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
  }
  await mkdir(folder, { recursive: true })
  const measured = {
    part,
    on: new Date().toISOString().slice(0, 10),
    machine,
    versions,
    tables,
  }
  await writeFile(new URL(`${part}.json`, folder), `${JSON.stringify(measured, null, 2)}\n`)
  for (const [name, svg] of Object.entries(pictures))
    await writeFile(new URL(`${name}.svg`, folder), svg)
}

/** The installed versions of packages. */
export async function versionsOf(...names: readonly string[]): Promise<Record<string, string>> {
  const manifests = names.map(
    (name) => new URL(`../../node_modules/${name}/package.json`, import.meta.url),
  )
  const texts = await Promise.all(manifests.map((manifest) => readFile(manifest, 'utf8')))
  return Object.fromEntries(names.map((name, i) => [name, JSON.parse(texts[i]!).version]))
}
