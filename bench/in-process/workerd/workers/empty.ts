import { Hono } from 'hono'

const app = new Hono()
app.use(async (_, next) => {
  await next()
})
app.get('/', (c) => c.text('ok'))

export default app
