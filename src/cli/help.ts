import type { Paint } from './style.ts'
import type { Command } from './usage.ts'

export const PROGRAM = 'resilient-circuit'

const EXIT_CODES = 'Exit codes: 0 done, 1 failed, 2 wrong use or wrong setting.'

export function overview(commands: readonly Command[], paint: Paint): string {
  return `${paint('bold', PROGRAM)}: circuit breakers that a whole fleet shares, in PostgreSQL.

Usage: ${PROGRAM} <command> [options]

Commands:
${pairs(commands.map(({ name, summary }) => [name, summary]))}
The database is the one of RC_DB_DSN, or RC_DATABASE_URL, or RC_DB_HOST and its like, or DATABASE_URL, in the environment or in .env.
"${PROGRAM} <command> --help" tells more. ${EXIT_CODES}
`
}

export function helpOf(
  { name, summary, details, arguments: args, options }: Command,
  paint: Paint,
): string {
  const placeholders = args
    .map((each) => (each.optional ? ` [${each.name}]` : ` <${each.name}>`))
    .join('')
  const optionPairs = Object.entries(options).map(([option, { value, help }]): [string, string] => [
    value ? `--${option} <${value}>` : `--${option}`,
    help,
  ])
  return `${paint('bold', `${PROGRAM} ${name}`)}: ${summary}

Usage: ${PROGRAM} ${name}${placeholders} [options]
${details ? `\n${details}\n` : ''}
${pairs([...args.map((each): [string, string] => [each.name, each.help]), ...optionPairs, ['-h, --help', 'Show this.']])}
${EXIT_CODES}
`
}

function pairs(lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(...lines.map(([left]) => left.length))
  return lines.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('')
}
