import { describe, expect, it } from 'vitest'
import { readEnvironment } from '../../src/env/settings.ts'

/** What the patterns that read a variable repeat, begin with or end with. */
const PARTS = [
  'a',
  '1',
  ' ',
  '\\',
  "'",
  '=',
  "a='",
  "a=\\'",
  "a= '",
  '@',
  ':',
  '/',
  '?',
  '&',
  '[',
  ']',
  '%',
  '.',
  '\n',
  '"',
  '\u200b',
]
const BEGINNINGS = ['', 'postgres://', 'host=h password=', "host=h password='"]
const ENDS = ['', '\n!']

/** Those that are read by a pattern of their own. */
const NAMES = [
  'RC_DB_DSN',
  'RC_DATABASE_URL',
  'RC_DB_HOST',
  'RC_DB_PORT',
  'RC_DB_NAME',
  'RC_DB_PASSWORD',
  'RC_DB_STRICT',
  'RC_DB_FETCH_ENDPOINT',
]

describe('a variable of 100 kB', () => {
  it.each(NAMES)('%s is read or refused in a time that grows with its length alone', (name) => {
    const parts = { RC_DB_HOST: 'h', RC_DB_PASSWORD: 'p' }
    for (const beginning of BEGINNINGS)
      for (const part of PARTS)
        for (const end of ENDS) {
          const value = beginning + part.repeat(100_000 / part.length) + end
          try {
            readEnvironment({ ...parts, [name]: value }, true)
          } catch (error) {
            expect(error).toMatchObject({ name: 'InvalidOptionError' })
          }
        }
  })
})
