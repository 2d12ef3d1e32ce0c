/**
 * A parameter from JSON as the text that PostgreSQL gets, which has no type until the statement
 * gives it one.
 */
export function toText(value: unknown): string | null {
  if (value === null || typeof value === 'string') return value
  return Array.isArray(value) ? arrayLiteral(value) : JSON.stringify(value)
}

/** `{1,"two",NULL,{3}}`; whether the elements go together is for PostgreSQL to say. */
function arrayLiteral(values: readonly unknown[]): string {
  return `{${values.map(element).join(',')}}`
}

function element(value: unknown): string {
  if (value === null) return 'NULL'
  if (Array.isArray(value)) return arrayLiteral(value)
  if (typeof value === 'string') return quoted(value)
  return typeof value === 'object' ? quoted(JSON.stringify(value)) : JSON.stringify(value)
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
