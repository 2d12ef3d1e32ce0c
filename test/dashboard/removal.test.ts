import { hc } from 'hono/client'
import { describe, expect, it } from 'vitest'
import type { DashboardApp } from '../../src/dashboard/index.ts'
import { HOST, mounted, OPS } from './support.ts'

async function stage() {
  const dashboard = mounted()
  const one = dashboard.reporter('k', 'n')
  await one.report('0')
  const keys = async () =>
    (await dashboard.storage.list()).items.map(({ resourceKey }) => resourceKey)
  const line = async () => (await dashboard.storage.history()).items[0]
  return { ...dashboard, keys, line }
}

describe('the form that removes a breaker', () => {
  it('stands on its page, with a confirmation that is required', async () => {
    const { get } = await stage()
    const page = await (await get('/breaker?key=k&namespace=n')).text()
    expect(page).toContain('action="/circuits/remove?key=k&amp;namespace=n"')
    expect(page).toMatch(/<input type="checkbox" name="confirm" value="yes" required>/)
  })

  it('removes it, in the name of whoever is signed in, and leads back to the list', async () => {
    const { post, keys, line } = await stage()
    const answer = await post('/remove?key=k&namespace=n', { reason: 'gone', confirm: 'yes' })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/circuits'])
    expect(await keys()).toEqual([])
    expect(await line()).toMatchObject({ cause: 'removed', actor: 'mara', reason: 'gone' })
  })

  it.each([[{}], [{ confirm: '' }], [{ confirm: 'no' }]])(
    'changes nothing with %j',
    async (form) => {
      const { post, keys } = await stage()
      const answer = await post('/remove?key=k&namespace=n', form as Record<string, string>)
      expect(answer.status).toBe(400)
      expect(await keys()).toEqual(['k'])
    },
  )

  it('finds nothing where there is none', async () => {
    const { post } = await stage()
    const answer = await post('/remove?key=other&namespace=n', { confirm: 'yes' })
    expect(answer.status).toBe(404)
  })

  it('is refused from elsewhere, and without a name', async () => {
    const { app, keys } = await stage()
    const url = '/circuits/remove?key=k&namespace=n'
    const body = new URLSearchParams({ confirm: 'yes' })
    const foreign = { ...OPS, 'sec-fetch-site': 'cross-site' }
    expect((await app.request(url, { method: 'POST', body, headers: foreign })).status).toBe(403)
    expect((await app.request(url, { method: 'POST', body })).status).toBe(401)
    expect(await keys()).toEqual(['k'])
  })
})

describe('DELETE in the API', () => {
  it('removes a breaker by its query and by its path, and says where there is none', async () => {
    const { app, keys, line, reporter } = await stage()
    await reporter('l', 'n').report('0')
    const fetch = async (input: RequestInfo | URL, init?: RequestInit) => app.request(input, init)
    const { api } = hc<DashboardApp>(`${HOST}/circuits`, { headers: OPS, fetch })
    const query = { key: 'k', namespace: 'n', reason: 'gone' }
    expect(await (await api.breaker.$delete({ query })).json()).toEqual({
      resourceKey: 'k',
      namespace: 'n',
      removed: true,
    })
    expect(await line()).toMatchObject({ resourceKey: 'k', actor: 'mara', reason: 'gone' })
    expect((await api.breaker.$delete({ query })).status).toBe(404)
    const param = { namespace: 'n', key: 'l' }
    const answer = await api.breakers[':namespace'][':key{.+}'].$delete({ param, query: {} })
    expect(answer.status).toBe(200)
    expect(await keys()).toEqual([])
  })

  it('is refused from elsewhere', async () => {
    const { app, keys } = await stage()
    const answer = await app.request('/circuits/api/breaker?key=k&namespace=n', {
      method: 'DELETE',
      headers: { ...OPS, origin: 'https://elsewhere.example' },
    })
    expect(answer.status).toBe(403)
    expect(await keys()).toEqual(['k'])
  })
})
