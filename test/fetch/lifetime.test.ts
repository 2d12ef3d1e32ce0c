import { describe, expect, it } from 'vitest'
import { protectFetch } from '../../src/fetch/index.ts'
import { fraction } from '../../src/index.ts'
import { FakeClock } from '../../src/testing/index.ts'

/** As an unbound `ctx.waitUntil` of a Worker does. */
const broken = {
  waitUntil() {
    throw new TypeError('Illegal invocation')
  },
}

describe('a waitUntil that throws', () => {
  it('harms no request, also where a breaker makes room for another', async () => {
    const protect = protectFetch({ maxBreakers: 1, onNotice: () => {} })
    let answer = (_: Response) => {}
    const slow = new Promise<Response>((resolve) => {
      answer = resolve
    })
    const guarded = protect(
      async (input: string) => (String(input).includes('slow') ? slow : new Response('fine')),
      broken,
    )
    const first = guarded('https://slow.example/')
    expect((await guarded('https://other.example/')).status).toBe(200)
    answer(new Response('late'))
    expect(await (await first).text()).toBe('late')
  })
})

describe("a date in Retry-After, by the breaker's own clock", () => {
  it('lengthens the cooldown of a protected fetch', async () => {
    const clock = new FakeClock()
    const date = new Date(clock.now() + 600_000).toUTCString()
    const protect = protectFetch({
      runtime: clock,
      failureLimit: fraction(1, 1),
      cooldown: '1s',
    })
    const guarded = protect(
      async (_: string) => new Response(null, { status: 503, headers: { 'retry-after': date } }),
    )
    await guarded('https://api.example/')
    await expect(guarded('https://api.example/')).rejects.toMatchObject({ retryAfterMs: 600_000 })
  })
})
