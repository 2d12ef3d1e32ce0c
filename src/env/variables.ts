import { readFileSync } from 'node:fs'
import { env } from 'node:process'
import { parseEnv } from 'node:util'
import { InvalidOptionError } from '../core/errors.ts'
import { NAMES } from './settings.ts'

type Variables = Readonly<Record<string, string | undefined>>

/**
 * The environment, and beneath it what `.env` of the working folder says; the process's own is not
 * changed. For Node, Deno and Bun.
 */
export function readVariables(file = '.env'): Record<string, string | undefined> {
  return { ...dotEnv(file), ...environment() }
}

/** Deno may allow all variables, some by their names, or none. */
function environment(): Variables {
  try {
    return { ...env }
  } catch {
    return Object.fromEntries(NAMES.flatMap((name) => allowed(name)))
  }
}

function allowed(name: string): (readonly [string, string])[] {
  try {
    const value = env[name]
    return value === undefined ? [] : [[name, value]]
  } catch {
    return []
  }
}

function dotEnv(file: string): Variables {
  const bytes = contentsOf(file)
  return bytes === undefined ? {} : parseEnv(decoded(bytes, file).replaceAll(/\r\n?/g, '\n'))
}

function contentsOf(file: string): Uint8Array | undefined {
  try {
    return readFileSync(file)
  } catch {
    // There need not be one; and Deno's permissions may say that it is none of our business.
    return undefined
  }
}

/**
 * The text of a file that an editor or a shell may have written in UTF-16, or with a byte order
 * mark.
 * @throws {InvalidOptionError} where it is neither UTF-8 nor UTF-16
 */
function decoded(bytes: Uint8Array, file: string): string {
  const [first, second] = bytes
  const littleEndian = (first === 0xff && second === 0xfe) || (first !== 0 && second === 0)
  const bigEndian = (first === 0xfe && second === 0xff) || (first === 0 && second !== 0)
  if ((littleEndian || bigEndian) && bytes.length % 2 === 0)
    return new TextDecoder(bigEndian ? 'utf-16be' : 'utf-16le').decode(bytes)
  if (bytes.includes(0))
    throw new InvalidOptionError(file, 'a text file in UTF-8 or UTF-16', '[hidden]')
  return new TextDecoder().decode(bytes)
}
