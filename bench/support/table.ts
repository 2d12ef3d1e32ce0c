import type { Table } from './result.ts'
import type { Standing } from './turns.ts'

/** A table as Markdown, its columns aligned: it reads well in a terminal, and can be pasted. */
export function markdown({ title, columns, rows }: Table): string {
  const cells = [columns, ...rows].map((row) => row.map(shown))
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  const numeric = columns.map((_, column) => rows.every((row) => typeof row[column] === 'number'))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (numeric[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join(' | ')} |`
  const rule = widths.map((width, column) =>
    numeric[column] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  )
  return [`### ${title}`, '', line(cells[0]!), line(rule), ...cells.slice(1).map(line)].join('\n')
}

/** A ratio with its lowest and highest round. */
export function ratioText({ median, low, high }: Standing['ratio']): string {
  return `${shown(median)} (${shown(low)} to ${shown(high)})`
}

/** Three digits are as many as a benchmark can tell; whole numbers keep theirs. */
function shown(value: string | number): string {
  if (typeof value === 'string') return value
  if (Number.isInteger(value) || Math.abs(value) >= 1_000)
    return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}
