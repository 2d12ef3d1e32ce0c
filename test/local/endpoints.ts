import { neonConfig } from '@neondatabase/serverless'
import { type LocalNeon, startLocalNeon } from '../../src/local/index.ts'
import { createDatabase } from '../support/postgres.ts'

/** One endpoint over PGlite and one over a PostgreSQL server, for what must hold on both. */
export interface Endpoints {
  readonly PGlite: LocalNeon
  readonly PostgreSQL: LocalNeon
  close(): Promise<void>
}

export const KINDS = ['PGlite', 'PostgreSQL'] as const

export async function startEndpoints(postgresUrl: string): Promise<Endpoints> {
  const database = await createDatabase(postgresUrl, 'local')
  const [embedded, server] = await Promise.all([
    startLocalNeon(),
    startLocalNeon({ databaseUrl: database.url }),
  ])
  return {
    PGlite: embedded,
    PostgreSQL: server,
    async close() {
      await Promise.all([embedded.close(), server.close()])
      await database.drop()
    },
  }
}

/** The driver has one setting for all its connections, so it goes by host and port. */
export function routeDriver(...endpoints: readonly LocalNeon[]): void {
  const routes = new Map(
    endpoints.map((endpoint) => [new URL(endpoint.databaseUrl).host, endpoint.fetchEndpoint]),
  )
  neonConfig.fetchEndpoint = (host, port) =>
    routes.get(`${host}:${port}`) ?? 'http://127.0.0.1:1/sql'
}

export interface Post {
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** One request as the driver makes it, unless `headers` say otherwise. A string goes as it is. */
export function post(endpoint: LocalNeon, { body, headers, signal }: Post): Promise<Response> {
  return fetch(endpoint.fetchEndpoint, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: {
      'Neon-Connection-String': endpoint.databaseUrl,
      'Neon-Raw-Text-Output': 'true',
      'Neon-Array-Mode': 'true',
      ...headers,
    },
    ...(signal && { signal }),
  })
}

/** The body of the answer to a post. */
export async function ask(
  endpoint: LocalNeon,
  body: unknown,
  headers?: Readonly<Record<string, string>>,
): Promise<unknown> {
  return (await post(endpoint, { body, ...(headers && { headers }) })).json()
}
