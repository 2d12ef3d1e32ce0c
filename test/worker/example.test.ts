import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { openStand, type Stand, type Worker } from './stand.ts'

let stand: Stand
let worker: Worker

beforeAll(async () => {
  stand = await openStand(inject('postgresUrl'))
  worker = await stand.worker('../../worker-example/worker.ts', stand.bindings)
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
    await vi.waitFor(async () => expect(await statusOf('/pay/22')).toBe(503))
    expect(stand.upstream.count('/charges/22')).toBe(0)
    await vi.waitFor(async () => {
      const breakers = await (await worker.get('/status')).json()
      expect(breakers).toEqual([
        expect.objectContaining({ resourceKey: 'payment_service', status: 'OPEN', log: '00111', opens: 1 }),
      ])
    })
  })
})
