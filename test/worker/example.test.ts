import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openStand, type Stand, type Worker } from './stand.ts'

let stand: Stand
let worker: Worker

beforeAll(async () => {
  stand = await openStand(inject('postgresUrl'))
  worker = await stand.worker('../../worker-example/worker.ts', {
    ...stand.bindings,
    DASHBOARD_PASSWORD: 'a secret',
  })
})
afterAll(() => stand?.close())

const statusOf = async (path: string): Promise<number> => {
  const response = await worker.get(path)
  await response.arrayBuffer()
  return response.status
}

describe('the example', () => {
  it('pays, stops after three failures of five, and shows what the fleet knows', async () => {
    expect(await (await worker.get('/')).text()).toContain('/pay/:order')
    const paid = await worker.get('/pay/17')
    expect([paid.status, await paid.text()]).toEqual([200, 'the upstream'])
    expect(await statusOf('/pay/18')).toBe(200)

    stand.upstreamStatus = 500
    for (const order of [19, 20, 21]) expect(await statusOf(`/pay/${order}`)).toBe(500)
    await expect.poll(() => statusOf('/pay/22')).toBe(503)
    expect(stand.upstream.count('/charges/22')).toBe(0)
    await expect
      .poll(async () => (await worker.get('/status')).json())
      .toEqual([
        expect.objectContaining({
          resourceKey: 'payment_service',
          status: 'OPEN',
          log: '00111',
          opens: 1,
        }),
      ])
  })

  it('shows its dashboard to whoever knows the password, and to nobody else', async () => {
    const ask = (password: string) =>
      worker.get('/circuits', { headers: { Authorization: `Basic ${btoa(`admin:${password}`)}` } })
    expect(await statusOf('/circuits')).toBe(401)
    expect((await ask('a guess')).status).toBe(401)
    expect(await (await ask('a secret')).text()).toContain('payment_service')
  })
})
