import { parseArgs } from 'node:util'
import { type Duration, toMilliseconds } from '../core/duration.ts'
import { checkedKey } from '../core/key.ts'
import type { Terminal } from './terminal.ts'

export interface Argument {
  readonly name: string
  readonly help: string
  readonly optional?: boolean
}

export interface Option {
  /** What stands for the value in the help; none for a switch. */
  readonly value?: string
  readonly help: string
}

/** One command, as the help shows it. */
export interface Command {
  readonly name: string
  readonly summary: string
  readonly details?: string
  readonly arguments: readonly Argument[]
  readonly options: Readonly<Record<string, Option>>
  /** True where it has nothing to do with the database of the environment. */
  readonly local?: boolean
  /** @returns the exit code */
  run(given: Given, terminal: Terminal): Promise<number>
}

/** The command line is not as it should be. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What was given on the command line. */
export class Given {
  readonly #values: Readonly<Record<string, unknown>>
  readonly #args: ReadonlyMap<string, string>

  constructor(values: Readonly<Record<string, unknown>>, args: ReadonlyMap<string, string>) {
    this.#values = values
    this.#args = args
  }

  argument(name: string): string | undefined {
    return this.#args.get(name)
  }

  flag(name: string): boolean {
    return this.#values[name] === true
  }

  text(name: string): string | undefined {
    return this.#values[name] as string | undefined
  }

  /** A text that the table can hold. */
  word(name: string): string | undefined {
    const value = this.text(name)
    return value === undefined ? undefined : checkedKey(`--${name}`, value)
  }

  /** In milliseconds. */
  duration(
    name: string,
    range: { readonly min: number; readonly max: number },
  ): number | undefined {
    const value = this.text(name)
    return value === undefined ? undefined : toMilliseconds(`--${name}`, value as Duration, range)
  }

  whole(
    name: string,
    { min, max }: { readonly min: number; readonly max: number },
  ): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (!/^\d+$/.test(value) || Number(value) < min || Number(value) > max) {
      throw new UsageError(
        `--${name} must be a whole number from ${min} to ${max}; got ${JSON.stringify(value)}`,
      )
    }
    return Number(value)
  }
}

const HELP = { help: { type: 'boolean', short: 'h' } } as const

/** @returns what was given, or 'help' @throws {UsageError} */
export function parse(command: Command, argv: readonly string[]): Given | 'help' {
  const options = Object.entries(command.options).map(
    ([name, { value }]) => [name, { type: value ? 'string' : 'boolean' }] as const,
  )
  let parsed: { values: Readonly<Record<string, unknown>>; positionals: readonly string[] }
  try {
    parsed = parseArgs({
      args: [...argv],
      options: { ...HELP, ...Object.fromEntries(options) },
      allowPositionals: true,
    })
  } catch (error) {
    // Its second sentence explains what nobody asked.
    throw new UsageError((error as Error).message.split(/\. (?=To )/)[0]!)
  }
  const { values, positionals } = parsed
  if (values['help'] === true) return 'help'
  if (positionals.length > command.arguments.length)
    throw new UsageError(
      `too many arguments: ${positionals.slice(command.arguments.length).join(' ')}`,
    )
  const missing = command.arguments.find(
    ({ optional }, i) => !optional && positionals[i] === undefined,
  )
  if (missing) throw new UsageError(`<${missing.name}> is missing`)
  return new Given(
    values,
    new Map(positionals.map((text, i) => [command.arguments[i]!.name, text])),
  )
}
