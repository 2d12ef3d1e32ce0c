/** White space of every kind, control characters, and characters that nobody sees, such as a zero-width space or a byte order mark. */
const BLANK = /[\s\p{Cc}\p{Cf}]/u
const QUOTES = ['"', "'", '`']

/** Does a text hold a character that a person who pasted it did not see? */
export function hasBlanks(text: string): boolean {
  return BLANK.test(text)
}

/** A text without blanks at its ends, and without the quotes around it that another program would have taken away. */
export function trimmed(text: string): string {
  const inner = withoutBlanks(text)
  const quoted = inner.length > 1 && QUOTES.includes(inner[0]!) && inner.endsWith(inner[0]!)
  return quoted ? withoutBlanks(inner.slice(1, -1)) : inner
}

/** By a loop: a regular expression for the end of a text looks at each run of blanks again and again. */
function withoutBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && BLANK.test(text[start]!)) start++
  while (end > start && BLANK.test(text[end - 1]!)) end--
  return text.slice(start, end)
}
