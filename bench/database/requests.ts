import { fraction } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import type { ExchangeRequest } from '../../src/fleet/port.ts'
import type { Statement } from '../../src/postgres/database.ts'
import { callBlock, callFunction, readByFunction } from '../../src/postgres/statements/call.ts'
import { namesIn } from '../../src/postgres/statements/names.ts'
import { readStatement } from '../../src/postgres/statements/read.ts'
import { encodeLook, encodeReport } from '../../src/postgres/wire.ts'
import { plainReport } from '../../test/support/plain-report.ts'
import type { Connections } from './connections.ts'

export const NAMESPACE = 'default'
/** Holds against the outcomes of {@link Requests.outcomes}, and makes the statement look at each where a batch holds nine failures. */
export const settings = resolveSettings({ failureLimit: fraction(9, 10) })

const names = namesIn(undefined)
const text = (statement: Statement) => statement.text

const FUNCTION = text(callFunction('', names))
const BLOCK = callBlock('', names).map(text)
const READ_FUNCTION = text(readByFunction('', names))
const READ = text(readStatement([{ resourceKey: '', namespace: '' }], names))

/** How a report's transaction commits. Ours turns synchronous commits off where it only counts; the third is what it would cost not to. */
export type Shell = 'function' | 'tables alone' | 'function, commit made synchronous'

type Sent = ExchangeRequest & { readonly report: { readonly flushId: number } }

/** Acquires on closed breakers, which are reads, and reports, in the very statements that the storage sends. */
export class Requests {
  readonly #newest = new Map<string, number>()
  readonly #made = new Map<string, number>()
  #flushId = 0

  /** The next outcomes of a breaker, of which every tenth is a failure. */
  outcomes(resourceKey: string, size: number): string {
    const from = this.#made.get(resourceKey) ?? 0
    this.#made.set(resourceKey, from + size)
    return Array.from({ length: size }, (_, i) => ((from + i) % 10 === 9 ? '1' : '0')).join('')
  }

  async acquire(
    connections: Connections,
    connection: number,
    form: 'function' | 'tables alone',
    key: string,
  ): Promise<void> {
    const [statement, value] =
      form === 'function'
        ? [READ_FUNCTION, [encodeLook({ resourceKey: key, namespace: NAMESPACE })]]
        : [READ, [[key, NAMESPACE]]]
    const [answer] = await connections.query(connection, statement, [JSON.stringify(value)])
    if (!answer?.includes(key)) throw new Error(`no breaker ${key}: ${answer}`)
  }

  /**
   * Sends a batch of outcomes until it is counted, as an isolate does: the only copy of a report, of which the row does not know
   * what came of it, goes out again under a new id.
   */
  async report(
    connections: Connections,
    connection: number,
    shell: Shell,
    resourceKey: string,
    outcomes: number,
  ): Promise<void> {
    const bits = this.outcomes(resourceKey, outcomes)
    for (;;) {
      const request = this.request(resourceKey, bits)
      const text = JSON.stringify([encodeReport(request)])
      const answer = await send(connections, connection, shell, text)
      const verdict = /"verdict" ?: ?"(.*?)"/.exec(answer)?.[1]
      if (verdict === 'counted') return this.counted(request)
      if (verdict !== 'unknown') throw new Error(`a report was ${verdict}`)
    }
  }

  request(resourceKey: string, bits: string): Sent {
    return {
      resourceKey,
      namespace: NAMESPACE,
      report: plainReport(bits, ++this.#flushId, this.#newest.get(resourceKey) ?? null, settings),
    }
  }

  /** The next report of this breaker says that it has seen this one. */
  counted({ resourceKey, report }: Sent): void {
    this.#newest.set(resourceKey, report.flushId)
  }
}

async function send(
  connections: Connections,
  connection: number,
  shell: Shell,
  request: string,
): Promise<string> {
  if (shell !== 'tables alone') {
    const statement =
      shell === 'function'
        ? FUNCTION
        : FUNCTION.replace("'synchronous_commit', 'off'", "'synchronous_commit', 'on'")
    return String((await connections.query(connection, statement, [request]))[0])
  }
  const [first, block, last] = BLOCK as [string, string, string]
  await connections.query(connection, 'begin')
  await connections.query(connection, first, [request])
  await connections.query(connection, block)
  const [answer] = await connections.query(connection, last)
  await connections.query(connection, 'commit')
  return String(answer)
}
