import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { pushSchema } from '../postgres/support.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'

const run = promisify(execFile)
const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

const RUNTIMES = [
  ['Node', process.execPath, ['--import', at('node_modules/tsx/dist/loader.mjs')]],
  [
    'Deno',
    at('node_modules/.bin/deno'),
    ['run', '--quiet', '--allow-all', '--node-modules-dir=manual', '--cached-only'],
  ],
  ['Bun', at('node_modules/.bin/bun'), []],
] as const

describe.each(RUNTIMES)("import 'resilient-circuit/auto' on %s", (runtime, command, flags) => {
  let folder: string
  let database: TestDatabase

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'resilient-circuit-auto-'))
    database = await createDatabase(inject('postgresUrl'), 'auto')
    await pushSchema(database.url)
  })
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
    await database.drop()
  })

  /** Runs a program in the folder, with these variables alone. */
  async function program(body: string, env: Readonly<Record<string, string>> = {}) {
    const file = join(folder, 'program.mjs')
    const imports = ['auto/index.ts', 'index.ts'].map((path) =>
      JSON.stringify(`file://${at(`src/${path}`)}`),
    )
    await writeFile(
      file,
      `import ${imports[0]}\nimport { CircuitProtectorPolicy, fraction } from ${imports[1]}\n${body}`,
    )
    const { PATH, HOME } = process.env
    return run(command, [...flags, file], {
      cwd: folder,
      env: { PATH, HOME, NO_COLOR: '1', ...env } as NodeJS.ProcessEnv,
    })
  }

  it('uses the database of .env, where the real environment does not say otherwise', async () => {
    await writeFile(
      join(folder, '.env'),
      `# ours\nDATABASE_URL="${database.url}"\nRC_NAMESPACE=from-file\n`,
    )
    const body = `
      const breaker = new CircuitProtectorPolicy({ resourceKey: ${JSON.stringify(runtime)}, failureLimit: fraction(5, 10) })
      const { status, namespace } = await breaker.open()
      console.log(JSON.stringify({ status, namespace }))
      process.exit()`
    const withProcess = `import process from 'node:process'\n${body}`
    expect(JSON.parse((await program(withProcess)).stdout)).toEqual({
      status: 'OPEN',
      namespace: 'from-file',
    })
    expect(JSON.parse((await program(withProcess, { RC_NAMESPACE: 'real' })).stdout)).toEqual({
      status: 'OPEN',
      namespace: 'real',
    })
  })

  it('stays in memory without a database, a breaker by itself, and says so once', async () => {
    await rm(join(folder, '.env'), { force: true })
    const { stdout, stderr } = await program(`
      const [one, two] = [new CircuitProtectorPolicy(), new CircuitProtectorPolicy()]
      await one.open()
      await two.refresh()
      console.log(one.status, two.status)`)
    expect(stdout).toBe('OPEN CLOSED\n')
    expect(stderr.match(/resilient-circuit: none of RC_DB_DSN, RC_DATABASE_URL/g)).toHaveLength(1)
  })

  it('reads nothing before the first breaker that names no storage', async () => {
    await writeFile(join(folder, '.env'), 'RC_DB_HOST=only-half\n')
    expect((await program(`console.log('imported')`)).stdout).toBe('imported\n')
    const { stdout } = await program(`
      try { new CircuitProtectorPolicy({ resourceKey: 'api' }) } catch (error) { console.log(error.code, error.option) }`)
    expect(stdout).toBe('INVALID_OPTION RC_DB_PASSWORD\n')
  })
})
