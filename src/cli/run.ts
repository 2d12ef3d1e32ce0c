import { isOwnError } from '../core/errors.ts'
import { readEnvironment } from '../env/settings.ts'
import { asStorageError } from '../postgres/errors.ts'
import { dev } from './commands/dev.ts'
import { doctor } from './commands/doctor.ts'
import { history } from './commands/history.ts'
import { close, isolate, open, override, reset } from './commands/operate.ts'
import { pgSetup } from './commands/pg-setup.ts'
import { prune } from './commands/prune.ts'
import { remove } from './commands/remove.ts'
import { status } from './commands/status.ts'
import { type Explanation, explain } from './explain.ts'
import { helpOf, overview, PROGRAM } from './help.ts'
import { painter, printable } from './style.ts'
import { EXIT, type Terminal } from './terminal.ts'
import { type Command, parse, UsageError } from './usage.ts'

const COMMANDS: readonly Command[] = [
  pgSetup,
  status,
  history,
  open,
  close,
  isolate,
  override,
  reset,
  remove,
  prune,
  dev,
  doctor,
]

/**
 * Runs one command line.
 * @param argv - without the program's own name
 * @returns the exit code: 0 done, 1 failed, 2 wrong use or wrong setting
 */
export async function run(
  argv: readonly string[],
  terminal: Terminal,
  version: string,
): Promise<number> {
  const [name, ...rest] = argv
  const { stdout, stderr, env } = terminal
  const paint = painter(stdout, env)
  if (name === '--version' || name === '-v') {
    stdout.write(`${version}\n`)
    return EXIT.ok
  }
  const asked = name === 'help' ? rest[0] : name
  if (asked === undefined || asked === '--help' || asked === '-h') {
    const wanted = name !== undefined
    ;(wanted ? stdout : stderr).write(overview(COMMANDS, paint))
    return wanted ? EXIT.ok : EXIT.usage
  }
  const command = COMMANDS.find((each) => each.name === asked)
  if (command === undefined)
    return complain(`there is no command ${JSON.stringify(asked)}`, `${PROGRAM} --help`, terminal)
  try {
    const given = name === 'help' ? 'help' : parse(command, rest)
    if (given !== 'help') return await command.run(given, terminal)
    stdout.write(helpOf(command, paint))
    return EXIT.ok
  } catch (error) {
    return failed(error, command, terminal)
  }
}

function failed(error: unknown, command: Command, terminal: Terminal): number {
  if (error instanceof UsageError || isOwnError(error, 'INVALID_OPTION')) {
    return complain(error.message, `${PROGRAM} ${command.name} --help`, terminal)
  }
  const { stderr, env } = terminal
  const paint = painter(stderr, env)
  const { problem, advice } = explanationOf(error, command, env)
  stderr.write(`${paint('red', 'Failed:')} ${printable(problem)}\n`)
  if (advice) stderr.write(`${advice}\n`)
  return EXIT.failed
}

function explanationOf(error: unknown, command: Command, env: Terminal['env']): Explanation {
  const database = command.local ? undefined : readEnvironment(env, true).database
  // Without a database, too, a message may have come from a driver, with a password in it.
  return database === undefined
    ? { problem: asStorageError(error).message, advice: undefined }
    : explain(error, database, command === pgSetup)
}

function complain(problem: string, help: string, { stderr, env }: Terminal): number {
  stderr.write(`${painter(stderr, env)('red', 'Error:')} ${printable(problem)}\nSee "${help}".\n`)
  return EXIT.usage
}
