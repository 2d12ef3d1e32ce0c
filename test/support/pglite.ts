import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))
const { version }: { version: string } = JSON.parse(
  readFileSync(`${modules}/@electric-sql/pglite/package.json`, 'utf8'),
)
const image = `${modules}/.cache/resilient-circuit/pglite-${version}.tar`

/**
 * Opens an empty PGlite of one's own. One per test file is the right number; `close()` it at the end.
 *
 * Its `initdb` takes 3 s and more, so we keep an image of an empty database and start from that: half a second. The image is
 * an aid only: where it is missing, unreadable or cannot be written, PGlite starts the long way.
 */
export async function openPglite(): Promise<PGlite> {
  const stored = await readFile(image).catch(() => undefined)
  if (stored) {
    try {
      return await PGlite.create({ loadDataDir: new Blob([stored]) })
    } catch {
      await rm(image, { force: true }).catch(() => {})
    }
  }
  const fresh = await PGlite.create()
  await keep(fresh).catch(() => {})
  return fresh
}

/** Other workers may be reading or writing it, too, so the image appears whole or not at all. */
async function keep(empty: PGlite): Promise<void> {
  const part = `${image}.${randomBytes(4).toString('hex')}`
  await mkdir(dirname(image), { recursive: true })
  try {
    const dump = await empty.dumpDataDir('none')
    await writeFile(part, Buffer.from(await dump.arrayBuffer()))
    await rename(part, image)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}
