import type { Row } from '../../postgres/database.ts'
import type { Connection } from '../database.ts'
import type { Role } from './duties.ts'
import type { Facts } from './facts.ts'
import { type Finding, identifier } from './finding.ts'

/** From here on a call that waits for the storage is felt. */
const SLOW_MS = 100
/** From here on a person who compares two clocks is misled. */
const SKEWED_MS = 2_000
const OLDEST_SERVER = 140_000

export function serverOf({ version, number }: Row): Finding {
  if (Number(number) >= OLDEST_SERVER)
    return { check: 'server', level: 'ok', says: `PostgreSQL ${version}` }
  return {
    check: 'server',
    level: 'bad',
    says: `PostgreSQL ${version}`,
    advice: 'Version 14 or newer is needed.',
  }
}

export function isolationOf({ row, user }: Facts): Finding {
  const { isolation } = row
  if (isolation === 'read committed')
    return { check: 'isolation', level: 'ok', says: 'read committed' }
  return {
    check: 'isolation',
    level: 'note',
    says: `${isolation}: writes to one breaker will fail and be sent again`,
    advice: `alter role ${identifier(user)} set default_transaction_isolation = 'read committed';`,
  }
}

/** May anything be written here at all? */
export function sessionOf({ row, user }: Facts, role: Role | undefined): Finding {
  const { standby, read_only, read_only_by, database } = row
  const check = 'session'
  const level = role === 'reader' ? 'ok' : 'bad'
  const enough = role === 'reader' ? ', which is enough for a reader' : ''
  if (standby === true) {
    const says = `read-only: the server is a standby, or a read replica${enough}`
    if (level === 'ok') return { check, level, says }
    return { check, level, says, advice: 'Let the connection name the primary.' }
  }
  if (read_only !== true) return { check, level: 'ok', says: 'reads and writes' }
  const says = `read-only, by default_transaction_read_only${enough}`
  if (level === 'ok') return { check, level, says }
  return {
    check,
    level,
    says,
    advice:
      read_only_by === 'client'
        ? 'Take default_transaction_read_only out of the options of the connection.'
        : `alter role ${identifier(user)} in database ${identifier(String(database))} set default_transaction_read_only = off;`,
  }
}

/** The median of five. */
export async function roundTrip(connection: Connection): Promise<Finding> {
  const times: number[] = []
  for (let i = 0; i < 5; i++) {
    const start = performance.now()
    await connection.query('select 1')
    times.push(performance.now() - start)
  }
  const ms = times.sort((a, b) => a - b)[2]!
  const says = `${ms.toFixed(1)} ms`
  if (ms <= SLOW_MS) return { check: 'round trip', level: 'ok', says }
  return {
    check: 'round trip',
    level: 'note',
    says,
    advice:
      'Place the database nearer to what calls it, or raise maxStaleness: a cold or stale isolate waits this long.',
  }
}

export async function clock(connection: Connection): Promise<Finding> {
  const before = Date.now()
  const [row] = await connection.query(
    `select (extract(epoch from clock_timestamp()) * 1000)::float8 as at`,
  )
  const skew = Math.round(Number(row!['at']) - (before + Date.now()) / 2)
  const says = `the database is ${Math.abs(skew)} ms ${skew < 0 ? 'behind' : 'ahead of'} this machine`
  if (Math.abs(skew) <= SKEWED_MS) return { check: 'clock', level: 'ok', says }
  return {
    check: 'clock',
    level: 'note',
    says,
    advice:
      "Breakers go by the database's clock, and are right; a process of the Python library goes by its own. Set the clocks.",
  }
}
