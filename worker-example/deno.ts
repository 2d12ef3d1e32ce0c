// Deno: DATABASE_URL=… UPSTREAM_URL=… deno serve --allow-env --allow-net --host 127.0.0.1 worker-example/deno.ts
import { type Bindings, createApp } from './app.ts'

const app = createApp()

export default {
  fetch: (request: Request) => app.fetch(request, process.env as unknown as Bindings),
}
