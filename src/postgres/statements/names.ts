import { InvalidOptionError } from '../../core/errors.ts'
import { FUNCTION_NAME } from './function-name.ts'

/** How the statements call things: by their bare names, or within a schema of the user's. */
export interface Names {
  readonly schema: string | undefined
  readonly breakers: string
  readonly transitions: string
  /** The installed form of the exchange. */
  readonly fn: string
}

/** @throws {InvalidOptionError} where `schema` is no plain name */
export function namesIn(schema: string | undefined): Names {
  const isName = typeof schema === 'string' && /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(schema)
  if (schema !== undefined && !isName) {
    throw new InvalidOptionError(
      'schema',
      'a name of letters, digits and underscores, at most 63 long',
      schema,
    )
  }
  const within = (name: string) => (schema === undefined ? name : `"${schema}".${name}`)
  return {
    schema,
    breakers: within('rc_circuit_breakers'),
    transitions: within('rc_circuit_transitions'),
    fn: within(FUNCTION_NAME),
  }
}

/** Can the function be called: true, false where it is not there, null where this role may not. */
export const installed = ({ fn }: Names): string => {
  const found = `to_regprocedure('${fn}(jsonb)')`
  return `${found} is not null and nullif(has_function_privilege(${found}, 'execute'), false)`
}
