import { Hono } from 'hono'
import { circuitDashboard, type DashboardOptions } from '../../src/dashboard/index.ts'
import { InMemoryStorage } from '../../src/fleet/memory.ts'
import type { CircuitStorage } from '../../src/fleet/port.ts'
import { sharedLine } from '../../src/storage.ts'
import { FakeClock } from '../../src/testing/index.ts'
import { Reporter } from '../browser/scene.ts'

export const HOST = 'http://localhost'
export const OPS: Record<string, string> = { authorization: `Basic ${btoa('mara:secret')}` }
/** What a browser sends with a form of our own page. */
export const OWN_FORM: Record<string, string> = {
  ...OPS,
  'content-type': 'application/x-www-form-urlencoded',
  'sec-fetch-site': 'same-origin',
  origin: HOST,
}

/** A dashboard at `/circuits` of an application, over a memory on a clock that the test moves. */
export function mounted(options: Partial<DashboardOptions> = {}) {
  const clock = new FakeClock()
  const storage = new InMemoryStorage({ clock: clock.now })
  const app = new Hono()
  app.route(
    '/circuits',
    circuitDashboard({
      storage,
      auth: { username: 'mara', password: 'secret' },
      onError: () => {},
      ...options,
    }),
  )
  return {
    app,
    clock,
    storage,
    get: (path: string, headers = OPS) => app.request(`/circuits${path}`, { headers }),
    post: (path: string, form: Record<string, string>, headers = OWN_FORM) =>
      app.request(`/circuits${path}`, {
        method: 'POST',
        headers,
        body: new URLSearchParams(form).toString(),
      }),
    reporter: (key: string, namespace = 'default', settings = {}) =>
      new Reporter(storage, key, namespace, settings),
  }
}

/** The same storage, with the name of each operation that was called. */
export function watched(storage: CircuitStorage): { storage: CircuitStorage; calls: string[] } {
  const calls: string[] = []
  const proxy = new Proxy(storage, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        calls.push(String(name))
        return value.apply(target, args)
      }
    },
  })
  return { storage: proxy, calls }
}

/** A storage of which nothing works. */
export function broken(error: Error): CircuitStorage {
  const fail = () => Promise.reject(error)
  return {
    shared: true,
    line: sharedLine,
    exchange: fail,
    acquire: fail,
    control: fail,
    list: fail,
    history: fail,
    prune: fail,
  }
}
