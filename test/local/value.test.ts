import { expect, it } from 'vitest'
import { jsonValue } from '../../src/local/value.ts'

const TEXT_ARRAY = 1009
const TYPES = new Map([[TEXT_ARRAY, 25]])

it('an array’s text becomes JSON', () => {
  expect(jsonValue('[0:1]={a,NULL,"b, c","\\"d\\\\","",{x}}', TEXT_ARRAY, TYPES)).toBe(
    '["a",null,"b, c","\\"d\\\\","",["x"]]',
  )
})

it('what a text costs that only begins as an array’s grows with its length alone', () => {
  // Before, 100 kB of escaped quotes took 20 seconds: 1 MB would have taken half an hour.
  for (const part of ['\\"', '"\\"', '{"', '\\', 'a', ',', '{', '"'])
    expect(
      jsonValue(`{"${part.repeat(1_000_000 / part.length)}`, TEXT_ARRAY, TYPES).length,
    ).toBeGreaterThan(1)
})
