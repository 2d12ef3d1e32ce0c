import { afterAll, afterEach, beforeAll, describe, inject, it } from 'vitest'
import { RUNTIMES } from './runtimes/differences.ts'
import { openStand, type Stand } from './runtimes/stand.ts'
import { CASES } from './runtimes/suite.ts'

describe.each(Object.entries(RUNTIMES))('on %s the built package', (name, runtime) => {
  let stand: Stand

  beforeAll(async () => {
    stand = await openStand(name, runtime, inject('postgresUrl'))
  })
  afterEach(() => {
    stand.outage = false
    stand.upstreamStatus = 200
    stand.database.release()
  })
  afterAll(() => stand?.close())

  it.each(Object.keys(CASES))('%s', (title) => CASES[title]!(stand))
})
