import type { Field, Result } from './backend.ts'
import { HttpError } from './failure.ts'
import { type ElementTypes, jsonValue } from './value.ts'

/** Neon's limit, in bytes. */
const MAX_RESPONSE = 10 * 1024 * 1024

export interface Answer {
  /** @throws {HttpError} 507 where the rows so far, of all results, are larger than 10 MiB */
  add(result: Result, arrayMode: boolean): void
  text(): string
}

/**
 * Builds the body of an answer out of one result, or of the results of a batch.
 * @param elementTypes - null where values go out as they come, as text
 */
export function answerOf(isBatch: boolean, elementTypes: ElementTypes | null): Answer {
  const results: string[] = []
  let bytes = 0

  const rowText = (
    row: readonly (string | null)[],
    fields: readonly Field[],
    arrayMode: boolean,
  ): string => {
    const values = row.map((text, i) => {
      if (text === null) return 'null'
      return elementTypes
        ? jsonValue(text, fields[i]?.dataTypeID ?? 0, elementTypes)
        : JSON.stringify(text)
    })
    const json = arrayMode
      ? `[${values.join(',')}]`
      : `{${values.map((value, i) => `${JSON.stringify(fields[i]?.name)}:${value}`).join(',')}}`
    bytes += Buffer.byteLength(json)
    if (bytes > MAX_RESPONSE)
      throw new HttpError(507, `response is too large (max is ${MAX_RESPONSE} bytes)`)
    return json
  }

  return {
    add({ command, rowCount, fields, rows }, arrayMode) {
      const head = JSON.stringify({
        rowAsArray: arrayMode,
        fields: fields.map(described),
        command,
        rowCount,
      })
      results.push(
        `${head.slice(0, -1)},"rows":[${rows.map((row) => rowText(row, fields, arrayMode)).join(',')}]}`,
      )
    },
    text: () => (isBatch ? `{"results":[${results.join(',')}]}` : (results[0] ?? '')),
  }
}

function described({
  name,
  dataTypeID,
  tableID,
  columnID,
  dataTypeSize,
  dataTypeModifier,
}: Field): Field & { format: 'text' } {
  return { name, dataTypeID, tableID, columnID, dataTypeSize, dataTypeModifier, format: 'text' }
}
