import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url))

/** Runs drizzle-kit as a user does, without a terminal. It exits with 0 whatever happens at a prompt, so the text counts, too. */
export function drizzleKit(
  cwd: string,
  url: string,
  ...args: readonly string[]
): Promise<{ code: number | null; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join(ROOT, 'node_modules/drizzle-kit/bin.cjs'), ...args],
      {
        cwd,
        env: { ...process.env, DATABASE_URL: url, NO_COLOR: '1' },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let text = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        text += chunk
      })
    }
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, text }))
  })
}

export interface Application extends AsyncDisposable {
  readonly dir: string
}

/** A folder with these files, where `resilient-circuit/postgres` is installed as a package beside Drizzle. */
export async function application(files: Readonly<Record<string, string>>): Promise<Application> {
  const dir = await mkdtemp(join(tmpdir(), 'resilient-circuit-application-'))
  const own = join(dir, 'node_modules/resilient-circuit')
  await build({
    entryPoints: [join(ROOT, 'src/postgres/index.ts')],
    outfile: join(own, 'postgres.js'),
    bundle: true,
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  })
  const manifest = {
    name: 'resilient-circuit',
    type: 'module',
    exports: { './postgres': { default: './postgres.js' } },
  }
  await write(join(own, 'package.json'), JSON.stringify(manifest))
  for (const name of ['drizzle-kit', 'drizzle-orm', 'pg'])
    await symlink(join(ROOT, 'node_modules', name), join(dir, 'node_modules', name))
  for (const [name, text] of Object.entries(files)) await write(join(dir, name), text)
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}
