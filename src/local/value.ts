/** The type of an array's elements, by the type of the array. */
export type ElementTypes = ReadonlyMap<number, number>

const BOOL = 16
const JSON_TYPES = new Set([114, 3802])
/** int8 and numeric are not among them: they would lose digits. */
const NUMBER_TYPES = new Set([21, 23, 700, 701])

/** A value's text as JSON, for clients that do not ask for raw text. */
export function jsonValue(text: string, type: number, elementTypes: ElementTypes): string {
  const elementType = elementTypes.get(type)
  if (elementType !== undefined) return arrayJson(text, elementType, elementTypes)
  if (type === BOOL) return String(text === 't')
  if (JSON_TYPES.has(type)) return text
  // JSON has no word for NaN and the infinities.
  if (NUMBER_TYPES.has(type) && Number.isFinite(Number(text))) return text
  return JSON.stringify(text)
}

/** `[0:1]={1,2}`, `{{a,NULL},{"b c","\"d\""}}`: the bounds have no place in JSON. */
function arrayJson(text: string, elementType: number, elementTypes: ElementTypes): string {
  // The last quote may be missing: to look for it from each quote on would take the square of the
  // length.
  const tokens = text.slice(text.indexOf('{')).matchAll(/([{},])|"((?:[^"\\]|\\.)*)"?|([^{},"]+)/gs)
  let json = ''
  for (const [, mark, quoted, bare] of tokens) {
    if (mark) json += mark === '{' ? '[' : mark === '}' ? ']' : ','
    else if (quoted !== undefined)
      json += jsonValue(quoted.replace(/\\(.)/gs, '$1'), elementType, elementTypes)
    else json += bare === 'NULL' ? 'null' : jsonValue(bare ?? '', elementType, elementTypes)
  }
  return json
}
