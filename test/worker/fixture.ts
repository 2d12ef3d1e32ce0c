import { Hono } from 'hono'
import { fraction } from 'resilient-circuit'
import { circuitBreaker } from 'resilient-circuit/hono'
import { neonStorage } from 'resilient-circuit/neon'

type Environment = {
  Bindings: { DATABASE_URL: string; NEON_FETCH_ENDPOINT: string; UPSTREAM_URL: string }
}

/** Routes of all sorts. The breaker before them has the name that the path gives it, so that each test has one of its own. */
const routes = new Hono<Environment>()
  .get('/ok', (c) => c.text('ok'))
  .get('/upstream', (c) => fetch(`${c.env.UPSTREAM_URL}/${c.req.param('key')}`))
  .get('/throws', () => {
    throw new Error('the handler is broken')
  })
  .get('/throws-text', () => {
    throw 'no error at all'
  })
  .get('/megabyte', (c) => c.body(chunks(16, (controller) => controller.close())))
  .get('/breaks-off', (c) =>
    c.body(chunks(1, (controller) => controller.error(new Error('the source is gone')))),
  )
  // Sends its head, then nothing before the upstream has answered.
  .get('/slow-stream', (c) => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    void writer.write(new Uint8Array([1]))
    c.executionCtx.waitUntil(
      fetch(`${c.env.UPSTREAM_URL}/${c.req.param('key')}`).then(() => writer.close()),
    )
    return c.body(readable)
  })

function chunks(
  count: number,
  end: (controller: ReadableStreamDefaultController<Uint8Array>) => void,
): ReadableStream<Uint8Array> {
  let sent = 0
  return new ReadableStream({
    pull(controller) {
      if (sent++ === count) end(controller)
      else controller.enqueue(new Uint8Array(65_536).fill(sent))
    },
  })
}

const breaker = (cooldown: '1h' | '300ms') =>
  circuitBreaker<Environment>({
    resourceKey: (c) => c.req.header('x-tenant') ?? c.req.param('key')!,
    storage: (c) => neonStorage(c.env.DATABASE_URL, { fetchEndpoint: c.env.NEON_FETCH_ENDPOINT }),
    failureLimit: fraction(2, 2),
    successLimit: fraction(1, 1),
    cooldown,
    storageTimeout: '60s',
    operationTimeout: '90s',
  })

const app = new Hono<Environment>()
app.use('/long/:key/*', breaker('1h')).route('/long/:key', routes)
app.use('/short/:key/*', breaker('300ms')).route('/short/:key', routes)

export default app
