import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { deferredStorage } from '../../src/env/deferred.ts'
import { OPERATIONS, wrapStorage } from '../../src/fleet/wrap.ts'
import { CircuitProtectorPolicy } from '../../src/index.ts'
import { measuredStorage } from '../../src/metrics/index.ts'
import { InMemoryStorage } from '../../src/storage.ts'

/** The members of the port, as its sources say: those that a breaker needs, and those that watch over breakers. */
const PORT: readonly { name: string; isMethod: boolean }[] = [
  ...membersOf('breaker/line.ts', 'LineSource'),
  ...membersOf('fleet/port.ts', 'CircuitStorage'),
  ...membersOf('fleet/admin.ts', 'StorageAdmin'),
].filter(({ name }) => name !== 'line')

function membersOf(path: string, type: string) {
  const text = readFileSync(new URL(`../../src/${path}`, import.meta.url), 'utf8')
  return ts
    .createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
    .statements.filter(ts.isInterfaceDeclaration)
    .filter(({ name }) => name.text === type)
    .flatMap(({ members }) => [...members])
    .map((member) => ({ name: member.name!.getText(), isMethod: ts.isMethodSignature(member) }))
}

const meter = {
  createCounter: () => ({ add: () => {} }),
  createHistogram: () => ({ record: () => {} }),
}

type Members = InMemoryStorage & Record<string, (...args: unknown[]) => Promise<unknown>>

/** Has every member of the port, one of its own, and tells on what each was called. */
function everything() {
  const called: [string, unknown, unknown[]][] = []
  const storage: Record<string, unknown> = { ...new InMemoryStorage(), namespace: 'staging' }
  for (const { name, isMethod } of PORT) {
    if (!isMethod) storage[name] ??= `the ${name}`
    else
      storage[name] = async function (this: unknown, ...args: unknown[]) {
        called.push([name, this, args])
        return `${name} answered`
      }
  }
  storage['close'] = async function (this: unknown) {
    called.push(['close', this, []])
  }
  storage['own'] = 'a member beyond the port'
  return { storage: storage as unknown as Members, called }
}

describe('the operations of a storage', () => {
  it('are all the methods of the port', () => {
    expect(PORT.length).toBeGreaterThan(7)
    expect([...OPERATIONS].sort()).toEqual(
      PORT.filter(({ isMethod }) => isMethod)
        .map(({ name }) => name)
        .sort(),
    )
  })
})

describe.each([
  ['a wrapped storage', (storage: InMemoryStorage) => wrapStorage(storage, {})],
  ['a measured storage', (storage: InMemoryStorage) => measuredStorage(storage, meter)],
])('%s', (_, wrap) => {
  it('has every member of the storage, and runs its methods on the storage itself', async () => {
    const { storage, called } = everything()
    const wrapped = wrap(storage) as typeof storage
    for (const { name, isMethod } of PORT) {
      if (!isMethod) expect(wrapped[name], name).toBe(storage[name])
      else expect(await wrapped[name]!(name, 'options'), name).toBe(`${name} answered`)
    }
    await wrapped['close']!()
    expect(wrapped['own']).toBe('a member beyond the port')
    expect(called).toEqual([
      ...PORT.filter(({ isMethod }) => isMethod).map(({ name }) => [
        name,
        storage,
        [name, 'options'],
      ]),
      ['close', storage, []],
    ])
  })

  it('gives breakers the namespace of the storage', () => {
    const { storage } = everything()
    const breaker = new CircuitProtectorPolicy({ resourceKey: 'api', storage: wrap(storage) })
    expect(breaker.namespace).toBe('staging')
  })

  it('is still of its class, private fields and all', async () => {
    const wrapped = wrap(new InMemoryStorage())
    expect(wrapped).toBeInstanceOf(InMemoryStorage)
    expect((await wrapped.list()).items).toEqual([])
  })
})

describe('a wrapped storage', () => {
  it('has what is given in place of its own, and nothing else changes', async () => {
    const storage = new InMemoryStorage()
    const close = async () => {}
    const wrapped = wrapStorage(storage, { namespace: 'preview', list: () => 'mine', close })
    expect([wrapped.list(), (await storage.list()).items]).toEqual(['mine', []])
    expect([wrapped.namespace, (storage as { namespace?: string }).namespace]).toEqual([
      'preview',
      undefined,
    ])
    expect('close' in wrapped && !('close' in storage)).toBe(true)
  })
})

describe('a storage whose driver is loaded apart', () => {
  it('has every operation of the port', async () => {
    const { storage, called } = everything()
    const deferred = deferredStorage(
      async () => storage,
      'none',
      () => {},
    )
    const methods = PORT.filter(({ isMethod }) => isMethod).map(({ name }) => name)
    for (const name of methods)
      expect(await (deferred as typeof storage)[name]!(name)).toBe(`${name} answered`)
    await deferred.close?.()
    expect(called.map(([name, on]) => [name, on === storage])).toEqual(
      [...methods, 'close'].map((name) => [name, true]),
    )
  })
})
