import { fileURLToPath } from 'node:url'
import { startLocalNeon } from 'resilient-circuit/local'
import { neonStorage } from 'resilient-circuit/neon'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { RUNTIMES } from './runtimes/differences.ts'
import { type Program, startProgram } from './runtimes/project.ts'
import { createDatabase, type TestDatabase } from './support/postgres.ts'

const processes = Object.entries(RUNTIMES).flatMap(([name, { command }]) =>
  command === null ? [] : [{ name, command }],
)

let database: TestDatabase
let endpoint: Awaited<ReturnType<typeof startLocalNeon>>
let program: Program | undefined

beforeAll(async () => {
  database = await createDatabase(inject('postgresUrl'), 'shutdown')
  endpoint = await startLocalNeon({ databaseUrl: database.url })
})
afterEach(() => program?.stop())
afterAll(async () => {
  await endpoint?.close()
  await database?.drop()
})

describe.each(processes)('a process on $name', ({ name, command }) => {
  const start = async (mode: string): Promise<Program> => {
    const fetchEndpoint = mode === 'outage' ? 'http://127.0.0.1:1/sql' : endpoint.fetchEndpoint
    const stand = {
      databaseUrl: endpoint.databaseUrl,
      fetchEndpoint,
      resourceKey: `${name} ${mode}`,
      mode,
    }
    const entry = fileURLToPath(new URL('runtimes/shutdown.ts', import.meta.url))
    program = await startProgram(entry, { STAND: JSON.stringify(stand) }, command)
    return program
  }
  const stored = async (mode: string): Promise<string> => {
    const storage = neonStorage(endpoint.databaseUrl, { fetchEndpoint: endpoint.fetchEndpoint })
    return (await storage.exchange([{ resourceKey: `${name} ${mode}`, namespace: 'default' }]))[0]!
      .snapshot.log
  }

  it.each([
    ['a breaker', 'breaker', 'SIGTERM', 143],
    ['a breaker', 'interrupted', 'SIGINT', 130],
    ['all of a storage', 'storage', 'SIGTERM', 143],
    ['a breaker whose hooks never end', 'hanging hooks', 'SIGTERM', 143],
  ] as const)('stores what %s holds before the end: %s, %s', async (_, mode, signal, code) => {
    const { child, ended } = await start(mode)
    child.kill(signal)
    expect(await ended).toEqual([code, null])
    expect(await stored(mode)).toBe('0000')
  })

  it.each(['a breaker', 'a storage'])(
    'stores at SIGTERM all that an outage left behind: of %s',
    async (what) => {
      const mode = `after an outage, of ${what}`
      const { child, ended } = await start(mode)
      child.kill('SIGTERM')
      expect(await ended).toEqual([143, null])
      expect(await stored(mode)).toBe('1'.repeat(80))
    },
  )

  it.each(['a breaker', 'a storage'])(
    'tells at SIGTERM of all that the storage does not take: of %s',
    async (what) => {
      const { child, ended } = await start(`lost, of ${what}`)
      let output = ''
      child.stdout!.on('data', (chunk) => {
        output += chunk
      })
      child.kill('SIGTERM')
      expect(await ended).toEqual([143, null])
      const lost = [...output.matchAll(/lost (\d+): disposed/g)].map(([, count]) => Number(count))
      expect(lost.reduce((sum, count) => sum + count, 0)).toBe(80)
    },
  )

  it('stores it when nothing is left to do', async () => {
    const { ended } = await start('end')
    expect(await ended).toEqual([0, null])
    expect(await stored('end')).toBe('0000')
  })

  it('is not ended by hooks that reject, nor by an onNotice that does', async () => {
    const { ended } = await start('rejecting hooks')
    expect(await ended).toEqual([0, null])
  })

  it('lives until its failures are stored, by itself', async () => {
    const { ended } = await start('floating')
    expect(await ended).toEqual([0, null])
    expect(await stored('floating')).toBe('000011')
  })

  it('ends though the storage does not answer', async () => {
    const { ended } = await start('outage')
    expect(await ended).toEqual([0, null])
  })

  it('leaves the end to whoever else listens', async () => {
    const { child, ended } = await start('beside another')
    child.kill('SIGTERM')
    expect(await ended).toEqual([7, null])
    expect(await stored('beside another')).toBe('0000')
  })

  it('does nothing once it was taken back', async () => {
    const { child, ended } = await start('taken back')
    child.kill('SIGTERM')
    expect(await ended).toEqual([null, 'SIGTERM'])
    expect(await stored('taken back')).not.toBe('0000')
  })
})
