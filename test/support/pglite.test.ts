import type { PGlite } from '@electric-sql/pglite'
import { afterEach, describe, expect, it } from 'vitest'
import { openPglite } from './pglite.ts'

describe('the PGlite of a test file', () => {
  const opened: PGlite[] = []
  const open = async () => {
    const db = await openPglite()
    opened.push(db)
    return db
  }
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((db) => db.close()))
  })

  it('is empty each time, whatever an earlier one was used for', async () => {
    const first = await open()
    await first.exec('create table t (n int)')
    const second = await open()
    const { rows } = await second.query(
      "select count(*)::int as tables from pg_tables where schemaname = 'public'",
    )
    expect(rows).toEqual([{ tables: 0 }])
  })
})
