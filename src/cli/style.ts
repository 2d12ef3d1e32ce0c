import { styleText } from 'node:util'
import type { Output, Terminal } from './terminal.ts'

export type Colour = 'red' | 'green' | 'yellow' | 'magenta' | 'cyan' | 'bold' | 'dim'
export type Paint = (colour: Colour, text: string) => string

/** Colours where a person looks on, unless `NO_COLOR` is set; elsewhere where `FORCE_COLOR` is. */
export function painter(output: Output, env: Terminal['env']): Paint {
  const { NO_COLOR, FORCE_COLOR, TERM } = env
  const coloured = FORCE_COLOR
    ? FORCE_COLOR !== '0'
    : output.isTTY === true && !NO_COLOR && TERM !== 'dumb'
  return coloured ? (colour, text) => styleText(colour, text, ALWAYS) : (_, text) => text
}

/** Whether is decided here: Node would look at the process's own output, which need not be ours. */
const ALWAYS = { validateStream: false }

/**
 * Text of unknown origin, such as a key, as a terminal may show it: one that holds control
 * characters could write elsewhere on it.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`,
  )
}

const WIDE =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u
const COMBINING = /^\p{M}$/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
const COLOURS = /\u001b\[\d+m/g

/** How many columns a text takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0
  for (const c of text.replace(COLOURS, '')) width += COMBINING.test(c) ? 0 : WIDE.test(c) ? 2 : 1
  return width
}

/** A text without colours, cut to a width. */
export function fitted(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let kept = ''
  for (const c of text) {
    if (widthOf(kept + c) >= width) break
    kept += c
  }
  return `${kept}…`
}
