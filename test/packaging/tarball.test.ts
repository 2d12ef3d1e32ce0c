import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { transform } from 'esbuild'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entries, peers, root } from './entries.ts'
import { type Snippet, snippets } from './snippets.ts'

const run = promisify(execFile)

let folder: string
let tarball: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resilient-circuit-'))
  const { stdout } = await run(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
    { cwd: root },
  )
  tarball = join(folder, JSON.parse(stdout)[0].filename)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the packed package', () => {
  it('is as publint wants it', async () => {
    const bytes = await readFile(tarball)
    const { messages, pkg } = await publint({
      pack: { tarball: new Uint8Array(bytes).buffer },
      strict: true,
    })
    expect(messages.map((message) => formatMessage(message, pkg!))).toEqual([])
  })

  it('has types that are not wrong', async () => {
    const attw = join(root, 'node_modules/.bin/attw')
    const args = ['--profile', 'esm-only', '--format', 'ascii', '--no-color', '--no-emoji']
    // It says what is wrong on its standard output, with an exit code of 1; where it cannot run at all, the code is another.
    const { code, stdout } = await run(attw, [tarball, ...args]).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: { readonly code: unknown; readonly stdout: string }) => error,
    )
    expect({ code, wrong: code === 0 ? '' : stdout }).toEqual({ code: 0, wrong: '' })
  })
})

describe('in an empty project', () => {
  let project: string

  beforeAll(async () => {
    project = join(folder, 'project')
    await mkdir(project)
    await writeFile(
      join(project, 'package.json'),
      JSON.stringify({ private: true, type: 'module' }),
    )
    await run(
      'npm',
      ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball],
      { cwd: project },
    )
    // The peers, as a registry would bring them.
    for (const peer of peers) {
      const at = join(project, 'node_modules', peer)
      await mkdir(dirname(at), { recursive: true })
      await symlink(join(root, 'node_modules', peer), at)
    }
  })

  const node = (file: string) => run(process.execPath, [file], { cwd: project })

  it('every entry can be imported', async () => {
    const names = entries.map(({ name }) => name)
    await writeFile(
      join(project, 'entries.js'),
      names.map((name) => `await import('${name}')\nconsole.log('${name}')\n`).join(''),
    )
    expect((await node('entries.js')).stdout).toBe(names.map((name) => `${name}\n`).join(''))
  })

  const ofReadme = snippets().filter(({ place }) => place.startsWith('README.md'))

  it.each(ofReadme)('the snippet of $place runs', async ({ code }: Snippet) => {
    const { code: plain } = await transform(code, { loader: 'ts', format: 'esm', target: 'es2022' })
    await writeFile(join(project, 'snippet.js'), plain)
    expect(await node('snippet.js')).toMatchObject({ stderr: '' })
  })

  it('the README’s function is protected', async () => {
    const snippet = ofReadme.find(({ code }) => code.includes('payments.wrap'))
    const { code: plain } = await transform(snippet!.code, {
      loader: 'ts',
      format: 'esm',
      target: 'es2022',
    })
    await writeFile(join(project, 'function.js'), plain)
    expect(await node('function.js')).toEqual({ stdout: 'charged 42\n', stderr: '' })
  })
})
