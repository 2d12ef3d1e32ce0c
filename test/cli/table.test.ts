import { describe, expect, it } from 'vitest'
import { instant, stretch } from '../../src/cli/commands/time.ts'
import { fitted, printable, widthOf } from '../../src/cli/style.ts'
import { type Column, table } from '../../src/cli/table.ts'

const plain = (_: string, text: string) => text

describe('a table', () => {
  interface Row {
    readonly name: string
    readonly count: number
    readonly note: string
  }
  const columns: readonly Column<Row>[] = [
    { title: 'NAME', text: ({ name }) => name, drop: 0 },
    { title: 'N', text: ({ count }) => String(count), right: true, drop: 1 },
    { title: 'NOTE', text: ({ note }) => note, drop: 2 },
  ]
  const rows = [
    { name: 'a', count: 7, note: 'first' },
    { name: 'a-long-name', count: 123, note: '' },
  ]

  it('aligns its columns, and ends no line in blanks', () => {
    expect(table(columns, rows, plain)).toBe(
      'NAME           N  NOTE\na              7  first\na-long-name  123\n',
    )
  })

  it('leaves columns out where it is narrow, then cuts', () => {
    expect(table(columns, rows, plain, 22)).toBe(
      'NAME           N  NOTE\na              7  first\na-long-name  123\n'
        .split('\n')
        .map((line) => line.slice(0, 16).trimEnd())
        .join('\n'),
    )
    expect(table(columns, rows, plain, 15)).toBe('NAME\na\na-long-name\n')
    expect(table(columns, rows, plain, 9)).toBe('NAME\na\na-long-n…\n')
    expect(table(columns, rows, plain, 2)).toBe('NAME\na\na-long-…\n')
  })

  it('colours after it has cut and aligned', () => {
    const red = { ...columns[0]!, paint: (_: Row, text: string) => `<${text}>` }
    expect(table([red, columns[1]!], rows, plain)).toBe(
      'NAME           N\n<a>              7\n<a-long-name>  123\n',
    )
  })

  it('of nothing is its titles', () => {
    expect(table(columns, [], plain, 80)).toBe('NAME  N  NOTE\n')
  })
})

describe('text on a terminal', () => {
  it.each([
    ['abc', 3],
    ['決済', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['🔑', 2],
    ['\u001b[31mred\u001b[39m', 3],
    ['', 0],
  ])('%j takes %d columns', (text, width) => {
    expect(widthOf(text)).toBe(width)
  })

  it('is cut between characters, never through one', () => {
    expect(fitted('abcdef', 6)).toBe('abcdef')
    expect(fitted('abcdef', 4)).toBe('abc…')
    expect(fitted('決済サービス', 4)).toBe('決…')
    expect(fitted('a🔑🔑', 4)).toBe('a🔑…')
  })

  it('shows control and invisible characters instead of obeying them', () => {
    expect(printable('a\u001b[2J\u202e\u2028\tz é 決')).toBe(
      'a\\u{1b}[2J\\u{202e}\\u{2028}\\u{9}z é 決',
    )
  })
})

describe('a stretch of time', () => {
  it.each([
    [-5, '0s'],
    [0, '0s'],
    [1, '1s'],
    [59_001, '1m'],
    [90_000, '1m 30s'],
    [3_600_000, '1h'],
    [3_660_000, '1h 1m'],
    [86_399_000, '23h 59m'],
    [90_000_000, '1d 1h'],
    [8_640_000_000, '100d'],
  ])('of %d ms is %s', (ms, text) => {
    expect(stretch(ms)).toBe(text)
  })

  it('an instant is shown to the second, in UTC', () => {
    expect(instant(Date.UTC(2026, 0, 31, 12, 0, 0, 999))).toBe('2026-01-31 12:00:00Z')
  })
})
