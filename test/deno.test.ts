import { fileURLToPath } from 'node:url'
import { startLocalNeon } from 'resilient-circuit/local'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { deno } from './runtimes/differences.ts'
import { startProgram } from './runtimes/project.ts'
import { createDatabase, type TestDatabase } from './support/postgres.ts'

let database: TestDatabase
let endpoint: Awaited<ReturnType<typeof startLocalNeon>>

beforeAll(async () => {
  database = await createDatabase(inject('postgresUrl'), 'deno')
  endpoint = await startLocalNeon({ databaseUrl: database.url })
})
afterAll(async () => {
  await endpoint?.close()
  await database?.drop()
})

it('Deno runs breakers, Hono’s middleware, a fetch and neon-fetch with --allow-net alone', async () => {
  const entry = fileURLToPath(new URL('./runtimes/net-only.ts', import.meta.url))
  const { databaseUrl, fetchEndpoint } = endpoint
  const program = await startProgram(
    entry,
    { STAND: JSON.stringify({ databaseUrl, fetchEndpoint }) },
    deno('--allow-net=127.0.0.1'),
  )
  try {
    expect(JSON.parse(program.firstLine)).toEqual({
      names: {
        shared: 'ProtectedCallError',
        alone: 'ProtectedCallError',
        memory: 'ProtectedCallError',
        route: '503',
        fetch: 'ProtectedCallError',
      },
      // Neon's driver reads the environment when it is loaded.
      driver: expect.stringMatching(/^the driver may not read .*--allow-env.*neon-fetch/),
      stored: { shared: 'OPEN', route: 'OPEN', fetch: 'OPEN' },
    })
  } finally {
    await program.stop()
  }
})
