import { fileURLToPath } from 'node:url'
import { startLocalNeon } from 'resilient-circuit/local'
import { neonStorage } from 'resilient-circuit/neon'
import { expect, inject, it } from 'vitest'
import { RUNTIMES } from './runtimes/differences.ts'
import { startProgram } from './runtimes/project.ts'
import { createDatabase } from './support/postgres.ts'

it('stores a failure before the platform freezes the process behind its response', async () => {
  const database = await createDatabase(inject('postgresUrl'), 'frozen')
  const { databaseUrl, fetchEndpoint, close } = await startLocalNeon({ databaseUrl: database.url })
  const entry = fileURLToPath(new URL('runtimes/frozen.ts', import.meta.url))
  const program = await startProgram(
    entry,
    { STAND: JSON.stringify({ databaseUrl, fetchEndpoint }) },
    RUNTIMES['node']!.command!,
  )
  try {
    expect(program.firstLine).toBe('answered')
    const [answer] = await neonStorage(databaseUrl, { fetchEndpoint }).exchange([
      { resourceKey: 'frozen', namespace: 'default' },
    ])
    expect(answer!.snapshot.log).toBe('01')
  } finally {
    await program.stop()
    await close()
    await database.drop()
  }
})
