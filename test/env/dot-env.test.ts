import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEnvironment } from '../../src/env/settings.ts'
import { readVariables } from '../../src/env/variables.ts'

const URL_OF_FILE = 'postgresql://app:se%C3%BCcret@db.example/app'
const LINES = [`RC_DATABASE_URL=${URL_OF_FILE}`, 'RC_NAMESPACE="bücher"', '']
const TEXT = LINES.join('\n')
const bigEndian = (text: string) => Buffer.from(text, 'utf16le').swap16()

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resilient-circuit-dot-env-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function read(bytes: Uint8Array) {
  const file = join(folder, '.env')
  await writeFile(file, bytes)
  const { RC_DATABASE_URL, RC_NAMESPACE } = readVariables(file)
  return { RC_DATABASE_URL, RC_NAMESPACE }
}

describe('a .env file is read', () => {
  it.each<[string, Uint8Array]>([
    ['in UTF-8', Buffer.from(TEXT)],
    ['with a byte order mark', Buffer.from(`\uFEFF${TEXT}`)],
    ['in UTF-16, little end first', Buffer.from(`\uFEFF${TEXT}`, 'utf16le')],
    ['in UTF-16, big end first', bigEndian(`\uFEFF${TEXT}`)],
    ['in UTF-16, little end first, without a mark', Buffer.from(TEXT, 'utf16le')],
    ['in UTF-16, big end first, without a mark', bigEndian(TEXT)],
    ['with line ends of Windows', Buffer.from(LINES.join('\r\n'))],
    ['with line ends of old Macs', Buffer.from(LINES.join('\r'))],
    [
      'with a mark and line ends of Windows, in UTF-16',
      Buffer.from(`\uFEFF${LINES.join('\r\n')}`, 'utf16le'),
    ],
  ])('%s', async (_, bytes) => {
    expect(await read(bytes)).toEqual({ RC_DATABASE_URL: URL_OF_FILE, RC_NAMESPACE: 'bücher' })
  })

  it('or refused, where it is no text', async () => {
    await expect(read(Buffer.from(`${TEXT}\0`))).rejects.toMatchObject({
      name: 'InvalidOptionError',
      message: expect.stringMatching(/\.env must be a text file in UTF-8 or UTF-16; got/),
    })
  })

  it('or a value of ours in it, where its characters were lost', async () => {
    const latin1 = Buffer.from(TEXT, 'latin1')
    const variables = await read(latin1)
    expect(() => readEnvironment(variables, true)).toThrow(
      /^RC_NAMESPACE must be text in UTF-8; got "\[hidden\]"$/,
    )
  })
})
