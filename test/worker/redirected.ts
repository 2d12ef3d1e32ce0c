import { neonStorage as neonDriver } from 'resilient-circuit/neon'
import { neonStorage as neonFetch } from 'resilient-circuit/neon-fetch'

interface Environment {
  readonly DATABASE_URL: string
}

/** Asks the endpoint that the query names, and answers with what came of it. */
export default {
  async fetch(request: Request, env: Environment): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const neonStorage = pathname === '/neon' ? neonDriver : neonFetch
    const storage = neonStorage(env.DATABASE_URL, {
      fetchEndpoint: searchParams.get('endpoint') ?? undefined,
    })
    return storage.list().then(
      () => Response.json('answered'),
      ({ name, code, message, stack }) => Response.json({ name, code, message, stack }),
    )
  },
}
