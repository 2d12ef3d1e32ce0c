import { app } from './app.ts'

declare const Bun: {
  serve(options: {
    hostname: string
    port: number
    fetch: (request: Request) => Response | Promise<Response>
  }): { port: number }
}

const { port } = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: (request) => app.fetch(request),
})
console.log(`http://127.0.0.1:${port}`)
process.stdin.resume().on('end', () => process.exit())
