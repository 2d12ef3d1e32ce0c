import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { CircuitProtectorPolicy, InvalidOptionError, protect } from '../../src/index.ts'

describe('@protect(policy)', () => {
  let decorated: typeof import('./decorated.ts')

  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('decorated.ts', import.meta.url))],
      bundle: true,
      format: 'esm',
      platform: 'neutral',
      target: 'es2022',
      write: false,
    })
    decorated = await import(
      `data:text/javascript;base64,${Buffer.from(outputFiles[0]!.contents).toString('base64')}`
    )
  })

  it('puts a method under a breaker that all instances share', async () => {
    const { Account, breaker } = decorated
    const [one, two] = [new Account(2), new Account(3)]
    expect(await one.charge(21)).toBe(42)
    await expect(two.charge(-1)).rejects.toThrow('negative')
    await expect(one.charge(-1)).rejects.toThrow('negative')
    expect(breaker.status).toBe('OPEN')
    await expect(two.charge(1)).rejects.toMatchObject({ code: 'PROTECTED_CALL' })
  })

  it('takes any policy, and keeps this, arguments and the name', async () => {
    const account = new decorated.Account(1)
    expect(await account.refund('because')).toBe('because after 3')
    expect(account.refund.name).toBe('refund')
    expectTypeOf(account.refund).toEqualTypeOf<(reason: string) => Promise<string>>()
  })

  it('goes on static methods, too', async () => {
    expect(await decorated.Account.make()).toBe(1)
  })

  it('refuses what is no policy', () => {
    expect(() => protect({} as never)).toThrow(InvalidOptionError)
    expect(() => protect(undefined as never)).toThrow('policy must be a policy; got undefined')
  })

  it('refuses what is no method, and decorators from before the standard', () => {
    const decorate = protect(new CircuitProtectorPolicy()) as (
      value: unknown,
      context: unknown,
    ) => unknown
    expect(() => decorate(undefined, { kind: 'field' })).toThrow(
      '@protect(policy) must be on a method, as a standard decorator; got "field"',
    )
    expect(() => decorate({}, 'charge')).toThrow(
      '@protect(policy) must be on a method, as a standard decorator; got undefined',
    )
  })
})
