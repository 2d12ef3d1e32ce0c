import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openStand, type Stand, type Worker } from './stand.ts'

let stand: Stand
let worker: Worker

beforeAll(async () => {
  stand = await openStand(inject('postgresUrl'))
  worker = await stand.worker('forms.ts', stand.bindings)
})
afterAll(() => stand?.close())

describe('a failure in a Worker without waitUntil', () => {
  it.each(['execute', 'wrap', 'safety-net', 'decorator', 'permit'])(
    'is stored before the answer is out: %s',
    async (form) => {
      expect((await worker.get(`/${form}/fine`)).status).toBe(200)
      stand.database.hold()
      let answered = false
      const answer = worker.get(`/${form}/bad`).finally(() => {
        answered = true
      })
      await stand.database.waiting(1)
      expect(answered).toBe(false)
      stand.database.release()
      const response = await answer
      expect(response.status).toBe(500)
      expect(await stand.snapshot(form)).toMatchObject({ log: '01' })
    },
  )
})
