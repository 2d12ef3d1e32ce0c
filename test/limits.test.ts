import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const folder = fileURLToPath(new URL('.', import.meta.url))
const tests = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.test.ts'),
)

/** Ways to have a limit of one's own, which a busy machine reaches. */
const OWN_LIMITS = {
  'a wait that ends after a second: use expect.poll': /\bvi\.wait(?:For|Until)\(/,
  'a poll with a limit of its own': /\.poll\([^\n]*\btimeout: /,
  'a test or hook with a limit of its own': /^ *\},\s*[\d_]+,?\s*\)$/m,
}

it.each(Object.entries(OWN_LIMITS))('no test has %s', (_, pattern) => {
  expect(tests.length).toBeGreaterThan(80)
  const texts = tests.map((path) => [path, readFileSync(join(folder, path), 'utf8')] as const)
  expect(texts.filter(([, text]) => pattern.test(text)).map(([path]) => path)).toEqual([])
})
