#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import { readVariables } from '../env/variables.ts'
import { run } from './run.ts'
import type { Terminal } from './terminal.ts'

const { version }: { version: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
)

/** Whoever reads our output may stop reading: `| head` is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

const terminal: Terminal = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: readVariables(),
  ask: process.stdin.isTTY ? ask : undefined,
  interrupted,
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  // Ctrl-C and Ctrl-D answer nothing, and leave the cursor where it is.
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('\n')))
  const answer = await Promise.race([lines.question(question).catch(() => '\n'), ended])
  lines.close()
  if (answer === '\n') process.stderr.write(answer)
  return answer
}

function interrupted(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort())
  return controller.signal
}

process.exitCode = await run(process.argv.slice(2), terminal, version)
