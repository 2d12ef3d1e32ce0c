import { describe, expect, it } from 'vitest'
import { protectFetch } from '../../src/fetch/index.ts'
import { InvalidOptionError, type Notice } from '../../src/index.ts'
import { bench } from './support.ts'

const times = async (number: number, ask: (i: number) => unknown) => {
  for (let i = 0; i < number; i++) await ask(i)
}

describe('what is wrong with every request', () => {
  it('is told once for each reason: a key that is none', async () => {
    const keys = ['', 'x'.repeat(300), '', 'x'.repeat(400), undefined]
    const { app, notices } = bench({ resourceKey: (c) => keys[Number(c.req.query('i'))]! })
    await times(2, () => times(keys.length, (i) => app.request(`/ok?i=${i}`)))
    expect(notices.map(({ code, message }) => [code, message])).toEqual([
      ['BAD_KEY', 'resourceKey must be 1 to 255 characters long: a request ran unprotected'],
      ['BAD_KEY', 'resourceKey must be a string: a request ran unprotected'],
    ])
  })

  it('is told once: a key that cannot be computed, or a storage that cannot be made', async () => {
    const fails = () => {
      throw new Error('boom')
    }
    const key = bench({ resourceKey: fails })
    await times(3, () => key.app.request('/ok'))
    const storage = bench({ storage: fails })
    await times(3, () => storage.app.request('/ok'))
    expect([...key.notices, ...storage.notices].map(({ code }) => code)).toEqual([
      'BAD_KEY',
      'NO_STORAGE',
    ])
  })

  it('is told by each middleware', async () => {
    const { app, breaker, notices } = bench({ resourceKey: () => '' })
    app.use('/more', breaker({ resourceKey: () => '' }))
    await times(3, () => app.request('/more'))
    expect(notices.map(({ code }) => code)).toEqual(['BAD_KEY', 'BAD_KEY'])
  })

  it('is told ten times at most, where visitors choose the words', async () => {
    const { app, notices } = bench({
      storage: (c) => {
        throw new InvalidOptionError('url', 'a URL', c.req.query('i'))
      },
    })
    await times(100, (i) => app.request(`/ok?i=${i}`))
    expect(notices).toHaveLength(10)
  })

  it('is told once of a protected fetch', async () => {
    const notices: Notice[] = []
    const protect = protectFetch({ key: () => '', onNotice: (notice) => notices.push(notice) })
    const safeFetch = protect((async () => new Response('')) as typeof fetch)
    await times(3, () => safeFetch('https://api.example/'))
    expect(notices.map(({ code }) => code)).toEqual(['BAD_KEY'])
  })
})
