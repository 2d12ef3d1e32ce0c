import { readFileSync } from 'node:fs'
import { env } from 'node:process'
import { parseEnv } from 'node:util'

/** The environment, and beneath it what `.env` of the working folder says; the process's own is not changed. For Node, Deno and Bun. */
export function readVariables(file = '.env'): Record<string, string | undefined> {
  return { ...dotEnv(file), ...env }
}

function dotEnv(file: string): Readonly<Record<string, string | undefined>> {
  try {
    return parseEnv(readFileSync(file, 'utf8'))
  } catch {
    // There need not be one; and Deno's permissions may say that it is none of our business.
    return {}
  }
}
