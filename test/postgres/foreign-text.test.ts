import { expect, it } from 'vitest'
import { asStorageError } from '../../src/postgres/errors.ts'
import { foreignText } from '../../src/postgres/foreign-text.ts'

const SECRET = 's3cr3t'

it.each([
  `cannot reach postgres://u:${SECRET}@h/d`,
  `cannot reach postgres://:${SECRET}@h/d`,
  `cannot reach postgres://u:p@${SECRET}@h/d today`,
  `cannot reach postgres://${'u'.repeat(150)}:${SECRET}@h/d`,
  `cannot reach postgres://u:my ${SECRET}@h/d`,
  `cannot reach postgres://u:p%40${SECRET}@h/d`,
  `two: postgres://a:${SECRET}@h/d and postgres://b:${SECRET}@h/d`,
  `GET /?url=postgres%3A%2F%2Fu%3A${SECRET}%40h%2Fd`,
  `host=h user=u password=${SECRET} dbname=d`,
  `host=h password='my ${SECRET}' dbname=d`,
  `host=h password='it\\'s ${SECRET}' dbname=d`,
  `host=h PASSWORD = "${SECRET}"`,
  `sslpassword=${SECRET}&x=1`,
  `{"password":"${SECRET}","user":"u"}`,
  `{"password": "a ${SECRET}"}`,
  `PGPASSWORD=${SECRET} psql`,
  `Authorization: Bearer ${SECRET}`,
  `<html><body>no project for postgresql://u:${SECRET}@h/d?sslmode=require</body></html>`,
  // The end of what is read stands within the password.
  `${'word '.repeat(196)}postgres://u:${SECRET}${SECRET}${SECRET}@h/d`,
  `${'x'.repeat(980)}://u:${SECRET}${SECRET}${SECRET}@h/d`,
])('a text is shown without the password in it: %s', (text) => {
  expect(foreignText(text)).not.toContain(SECRET)
  expect(asStorageError(new Error(text)).message).not.toContain(SECRET)
})

it.each([
  'password authentication failed for user "u"',
  'connect ECONNREFUSED 127.0.0.1:5432',
  'server error (HTTP status 502) of https://api.example:4444/sql',
])('a text without one is shown as it is: %s', (text) => {
  expect(foreignText(text)).toBe(text)
})

it('what a long text costs does not grow with it', () => {
  const hostile = ['a', '://a:', 'password', "password='", '%3A%2F%2F', 'bearer ', ' ', '@', '\\']
  // Before, 40 kB of one letter took seconds: twenty megabytes would not have ended in a day.
  for (const part of hostile)
    expect(foreignText(part.repeat(20_000_000 / part.length)).length).toBeLessThanOrEqual(1_100)
})

it('an error is told whatever it is made of', () => {
  const circle = new Error('round') as Error & { cause: unknown }
  circle.cause = circle
  expect(asStorageError(circle)).toMatchObject({ code: 'STORAGE_FAILED', message: 'round' })
  for (const thrown of [undefined, null, 7, Symbol('s'), {}, { message: 7 }, Object.create(null)])
    expect(asStorageError(thrown)).toMatchObject({
      name: 'StorageError',
      message: 'the driver failed without saying why',
    })
  expect(asStorageError(Object.assign(new Error(''), { code: 'ECONNREFUSED' })).message).toBe(
    'ECONNREFUSED',
  )
})

it.each([
  ['42P01', 'SCHEMA_MISSING'],
  ['42703', 'SCHEMA_MISSING'],
  ['42704', 'SCHEMA_MISSING'],
  ['42883', 'SCHEMA_MISSING'],
  ['42804', 'SCHEMA_MISSING'],
  ['3F000', 'SCHEMA_MISSING'],
  ['3D000', 'DATABASE_MISSING'],
  ['28000', 'ACCESS_DENIED'],
  ['28P01', 'ACCESS_DENIED'],
  ['42501', 'NOT_ALLOWED'],
  ['25006', 'NOT_ALLOWED'],
  ['40001', 'STORAGE_BUSY'],
  ['40P01', 'STORAGE_BUSY'],
  ['55P03', 'STORAGE_BUSY'],
  ['22P05', 'BAD_DATA'],
  ['23514', 'BAD_DATA'],
  ['RC001', 'NOT_WRITTEN'],
  ['0A000', 'STORAGE_FAILED'],
  ['57P01', 'STORAGE_FAILED'],
])('SQLSTATE %s means %s', (sqlState, code) => {
  const error = asStorageError(
    new Error('Failed query', { cause: Object.assign(new Error('x'), { code: sqlState }) }),
  )
  expect(error).toMatchObject({ code, sqlState })
  expect(error.message).toContain('x')
})

it.each(['EPIPE', 'EPERM', 'EBUSY'])('%s of the system is no SQLSTATE', (code) => {
  const error = asStorageError(Object.assign(new Error(`write ${code}`), { code }))
  expect(error).toMatchObject({ code: 'STORAGE_FAILED', sqlState: undefined })
})
