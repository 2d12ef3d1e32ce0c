import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

const inColour = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined

/** Coloured where a person looks at it. */
export function paint(style: Style, text: string): string {
  return inColour ? styleText(style, text) : text
}

export function print(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** A duration as the timeline shows it: `12.3 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

/** A list as people write it: `a, b and c`. */
export function list(words: readonly string[]): string {
  return words.length < 2
    ? (words[0] ?? 'none')
    : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
