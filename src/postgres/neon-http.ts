import type { Database } from './database.ts'
import { askSql, type Fetch, refusalIn } from './http.ts'

/** What Neon answers to one statement: every value as PostgreSQL's text for it. */
interface Result {
  readonly rows?: readonly (readonly (string | null)[])[]
}

/** Neon's SQL over HTTP, as far as a storage needs it: single statements, and several as one transaction. */
export function overNeonHttp(connection: string, endpoint: string): Database {
  return {
    async run(statements, signal) {
      const queries = statements.map(({ text, params }) => ({ query: text, params }))
      const { text, refused } = await askSql(fetch as Fetch, endpoint, {
        method: 'POST',
        headers: {
          'Neon-Connection-String': connection,
          'Neon-Raw-Text-Output': 'true',
          'Neon-Array-Mode': 'true',
        },
        body: JSON.stringify(queries.length === 1 ? queries[0] : { queries }),
        ...(signal && { signal }),
      })
      if (refused) {
        const { message, code } = refusalIn(text)!
        throw Object.assign(new Error(message), { code })
      }
      const answer = JSON.parse(text) as Result & { readonly results?: readonly Result[] }
      return (answer.results?.at(-1) ?? answer).rows?.[0]?.[0]
    },
  }
}
