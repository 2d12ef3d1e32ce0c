import { describe, expect, it } from 'vitest'
import { InMemoryStorage } from '../../src/fleet/memory.ts'
import { FakeClock, testCircuitStorage } from '../../src/testing/index.ts'

describe('InMemoryStorage', () => {
  describe('on a clock of its user', () => {
    testCircuitStorage({ describe, it }, async () => {
      const clock = new FakeClock()
      return {
        storage: new InMemoryStorage({ clock: clock.now }),
        advance: (ms) => clock.advance(ms),
        close: async () => {},
      }
    })
  })

  describe('on the clock of the machine', () => {
    testCircuitStorage({ describe, it }, async () => ({
      storage: new InMemoryStorage(),
      close: async () => {},
    }))
  })

  it('keeps the newest lines of the audit log, as many as it is told to', async () => {
    const storage = new InMemoryStorage({ historyLimit: 2 })
    for (const actor of ['first', 'second', 'third']) {
      await storage.control({
        resourceKey: 'k',
        namespace: 'n',
        command: { order: { command: 'close' }, actor, reason: null },
      })
    }
    expect((await storage.history()).items.map(({ actor }) => actor)).toEqual(['third', 'second'])
  })

  it('counts in whole milliseconds, whatever its clock says', async () => {
    const storage = new InMemoryStorage({ clock: () => 1_234.9 })
    const [answer] = await storage.exchange([{ resourceKey: 'k', namespace: 'n' }])
    expect(answer?.snapshot.at).toBe(1_234)
  })

  it('is not shared: each has breakers of its own', async () => {
    const [one, other] = [new InMemoryStorage(), new InMemoryStorage()]
    await one.control({
      resourceKey: 'k',
      namespace: 'n',
      command: { order: { command: 'close' }, actor: null, reason: null },
    })
    expect(one.shared).toBe(false)
    expect((await other.list()).items).toEqual([])
  })
})
