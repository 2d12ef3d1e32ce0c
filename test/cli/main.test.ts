import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { neon, neonConfig } from '@neondatabase/serverless'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { type Databases, openDatabase } from './databases.ts'

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const NODE = ['--import', at('node_modules/tsx/dist/loader.mjs'), at('src/cli/main.ts')]
const run = promisify(execFile)

let folder: string
let database: Databases
const plainEnv = { PATH: process.env['PATH'], HOME: process.env['HOME'] } as NodeJS.ProcessEnv

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resilient-circuit-cli-'))
  database = await openDatabase(inject('postgresUrl'))
  await writeFile(join(folder, '.env'), `DATABASE_URL=${database.url}\n`)
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** The program, as a shell would run it in the folder. */
async function program(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const options = { cwd: folder, env: { ...plainEnv, ...env } }
  const done = await run(process.execPath, [...NODE, ...argv], options).catch((error) => error)
  return { code: done.code ?? 0, out: done.stdout as string, err: done.stderr as string }
}

function started(argv: readonly string[]): ChildProcessByStdio<null, Readable, null> {
  const child = spawn(process.execPath, [...NODE, ...argv], {
    cwd: folder,
    env: plainEnv,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** What a program wrote, once the text that says that it is all there is in it: it may come in pieces, or at once. */
async function outputWith(
  child: ChildProcessByStdio<null, Readable, null>,
  text: string,
): Promise<string> {
  let output = ''
  for await (const chunk of child.stdout) {
    output += chunk
    if (output.includes(text)) return output
  }
  throw new Error(`the program ended without ${JSON.stringify(text)}: ${output}`)
}

describe('the program', () => {
  it('reads .env, works on its database, and ends with the exit code', async () => {
    expect(await program(['status'])).toMatchObject({ code: 1, out: '' })
    expect(await program(['pg-setup'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('give --yes'),
    })
    expect(await program(['pg-setup', '--yes'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('Done:'),
      err: '',
    })
    expect(await program(['open', 'api'])).toMatchObject({ code: 0 })
    const { code, out, err } = await program(['status'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^KEY .*\napi +default +OPEN /)
    expect(out).not.toContain('\u001b')
  })

  it('lets the real environment win over .env', async () => {
    const { code, err } = await program(['status'], {
      DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/db',
    })
    expect(code).toBe(1)
    expect(err).toContain('127.0.0.1:1')
    expect(err).not.toContain('secret')
  })

  it('knows its version', async () => {
    const { version } = JSON.parse(readFileSync(at('package.json'), 'utf8'))
    expect(await program(['--version'])).toMatchObject({ code: 0, out: `${version}\n` })
  })

  it('ends without a word where its reader stops reading', async () => {
    const line = [process.execPath, ...NODE, 'status', '--watch', '--interval', '200ms']
      .map((word) => `'${word}'`)
      .join(' ')
    const { stdout, stderr } = await run('/bin/sh', ['-c', `${line} | head -n 1`], {
      cwd: folder,
      env: plainEnv,
    })
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\d [\d:]+Z\n$/)
    expect(stderr).toBe('')
  })

  it('watches until Ctrl-C, and ends well', async () => {
    const child = started(['status', '--watch'])
    expect(await outputWith(child, '\n')).toMatch(/^\d{4}-/)
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})

describe('dev', () => {
  it('serves a database with the tables to Neon’s driver, until Ctrl-C', async () => {
    const child = started(['dev', '--port', '0', '--json'])
    const { DATABASE_URL, RC_DB_FETCH_ENDPOINT } = JSON.parse(await outputWith(child, '}\n'))
    neonConfig.fetchEndpoint = RC_DB_FETCH_ENDPOINT
    const sql = neon(DATABASE_URL)
    expect(await sql`select count(*)::int as breakers from rc_circuit_breakers`).toEqual([
      { breakers: 0 },
    ])
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('prints what to put into .env', async () => {
    const child = started(['dev', '--port', '0'])
    const output = await outputWith(child, 'Ctrl-C')
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(output).toContain('Ready. In .env')
    expect(output).toMatch(
      /^DATABASE_URL=postgres:\/\/.+\nRC_DB_FETCH_ENDPOINT=http:\/\/127\.0\.0\.1:\d+\/sql$/m,
    )
  })

  it('says that its port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void taken.close())
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const { code, out, err } = await program(['dev', '--port', String(port)])
    expect([code, out]).toEqual([1, ''])
    expect(err).toBe(`Failed: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`)
  })
})
