import { describe, expect, it } from 'vitest'
import { entries } from './entries.ts'
import { diagnose, RESOLUTIONS, STRICT } from './program.ts'

const importing = (names: readonly string[]) => ({
  'test/packaging/consumer.mts': names
    .map((name, i) => `export * as entry${i} from '${name}'`)
    .join('\n'),
})

const own = entries
  .filter(({ drizzleTypes, runtime }) => !drizzleTypes && runtime === 'any')
  .map(({ name }) => name)
const server = entries
  .filter(({ drizzleTypes, runtime }) => !drizzleTypes && runtime === 'node')
  .map(({ name }) => name)
const all = entries.map(({ name }) => name)

describe.each(Object.entries(RESOLUTIONS))('under %s the emitted types', (_, resolution) => {
  const options = { ...STRICT, ...resolution }

  it('compile in full, on the web platform alone, where an entry needs no types of Drizzle’s', () => {
    expect(own).toContain('resilient-circuit/hono')
    expect(diagnose(importing(own), options)).toEqual([])
  })

  it('do so beside Node’s own, those of entries for servers too', () => {
    expect(
      diagnose(importing([...own, ...server]), {
        ...options,
        lib: ['lib.es2022.d.ts'],
        types: ['node'],
      }),
    ).toEqual([])
  })

  it('are found and fit together for every entry', () => {
    expect(diagnose(importing(all), { ...options, types: ['node'], skipLibCheck: true })).toEqual(
      [],
    )
  })
})

describe('the compiler', () => {
  it('is not silent where something is wrong', () => {
    const code = `import { fraction } from 'resilient-circuit'\nfraction('5', 10)\n`
    expect(diagnose({ 'consumer.mts': code }, { ...STRICT, ...RESOLUTIONS['nodenext'] })).toEqual([
      expect.stringContaining('error TS2345'),
    ])
  })
})
