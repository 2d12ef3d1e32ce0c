import type { Instance } from './fleet.ts'

/** What a customer got: paid, the upstream's own failure, or the breaker's rejection. `lost`: no answer at all. */
export type Answer = 'paid' | 'failed' | 'rejected' | 'lost'

/** One customer's request. */
export interface Visit {
  /** When it was answered, in milliseconds since 1970. */
  readonly at: number
  readonly instance: string
  readonly answer: Answer
  /** Was the upstream down when the request was sent? */
  readonly dead: boolean
}

export interface Traffic {
  readonly visits: readonly Visit[]
  /** Ends when all requests are answered. */
  stop(): Promise<void>
}

/** Customers at each instance, one every `everyMs`. */
export function startTraffic(
  instances: readonly Instance[],
  everyMs: number,
  isDead: () => boolean,
): Traffic {
  const visits: Visit[] = []
  const waiting = new Set<Promise<void>>()
  let orders = 0

  const visit = async ({ name, url }: Instance): Promise<void> => {
    const dead = isDead()
    const answer = await pay(`${url}/pay/${name}-${++orders}`)
    visits.push({ at: Date.now(), instance: name, answer, dead })
  }
  let turn = 0
  const timer = setInterval(() => {
    const going = visit(instances[turn++ % instances.length]!).finally(() => waiting.delete(going))
    waiting.add(going)
  }, everyMs / instances.length)

  return {
    visits,
    async stop() {
      clearInterval(timer)
      await Promise.all(waiting)
    },
  }
}

async function pay(url: string): Promise<Answer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) })
    await response.arrayBuffer()
    if (response.ok) return 'paid'
    return response.headers.get('content-type') === 'application/problem+json'
      ? 'rejected'
      : 'failed'
  } catch {
    return 'lost'
  }
}
