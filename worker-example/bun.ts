// Bun: DATABASE_URL=… UPSTREAM_URL=… bun worker-example/bun.ts
import { type Bindings, createApp } from './app.ts'

const app = createApp()

export default {
  hostname: '127.0.0.1',
  port: process.env['PORT'] ?? 8000,
  fetch: (request: Request) => app.fetch(request, process.env as unknown as Bindings),
}
