/** How much is read of a text that is not ours: what follows tells nobody anything. In UTF-16 units. */
const MOST = 1_000

/**
 * A text that a driver, a database or a proxy wrote, as it may be shown: at most 1,000 characters,
 * on one line, without the passwords in it. Its cost does not depend on how long the text is.
 */
export function foreignText(text: string): string {
  return redacted(text.length > MOST ? cut(text.slice(0, MOST)) : text)
    .replace(/\s+/g, ' ')
    .trim()
}

/** Ends before the last blank, for half a password could not be told from other words. */
function cut(text: string): string {
  const end = Math.max(text.lastIndexOf(' '), text.lastIndexOf('\n'))
  return `${text.slice(0, Math.max(end, 0))} ...`
}

/**
 * Of a URL, what stands between the user and the last `@` of the line: an `@` in a password may not
 * be escaped. Each pattern begins with fixed characters, so that none is tried at every place.
 */
function redacted(text: string): string {
  return text
    .replace(/:\/\/([^\s:@/]*):.*@/g, '://$1:***@')
    .replace(/%3A%2F%2F.*(?:%40|@)/gi, '%3A%2F%2F***%40')
    .replace(
      /(pass(?:word|wd)?|pwd|secret|token|api[-_]?key)(["']?\s{0,9}[=:]\s{0,9})('(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?|[^\s&;,]+)/gi,
      '$1$2***',
    )
    .replace(/(bearer|basic) [^\s"',]+/gi, '$1 ***')
}
