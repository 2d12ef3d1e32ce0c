import pg from 'pg'
import { localTime, ORIGINAL_SCHEMAS } from '../../test/postgres/original.ts'
import { SAVE } from '../database/original.ts'
import { CountingProxy } from '../support/counting-proxy.ts'
import { query } from '../support/postgres.ts'
import type { Contender, Setting } from './contender.ts'
import { admitted, dependency, NEW, recorded, type Textbook } from './textbook.ts'

/**
 * The Python library's protocol: the row is loaded once, when the process starts, and saved after each call that was made and once
 * more at each transition. Each of these connects, begins, sends one statement, commits and disconnects, as `psycopg` does.
 *
 * Its window is not reduced here to the two calls that Python makes of 5/10: this compares what goes over the wire, not the rules.
 */
export class Original implements Contender {
  readonly #proxy: CountingProxy
  readonly #url: string
  readonly #cooldownMs: number
  #state: Textbook = NEW
  #running: Promise<void> = Promise.resolve()

  private constructor(proxy: CountingProxy, url: string, cooldownMs: number) {
    this.#proxy = proxy
    this.#url = url
    this.#cooldownMs = cooldownMs
  }

  static async start({ originalUrl, cooldownMs }: Setting): Promise<Original> {
    await query(originalUrl, ORIGINAL_SCHEMAS['its runtime'])
    const proxy = await CountingProxy.start(originalUrl)
    const url = new URL(originalUrl)
    url.port = String(proxy.port)
    return new Original(proxy, url.href, cooldownMs)
  }

  get tally(): Contender['tally'] {
    return this.#proxy.tally
  }

  async call(fails: boolean): Promise<void> {
    const before = admitted(this.#state, Date.now())
    if (before === null) return
    await this.#become(before)
    const failed = await dependency(fails).then(
      () => false,
      () => true,
    )
    await this.#become(recorded(this.#state, failed, Date.now(), this.#cooldownMs))
    await this.#save()
  }

  async #become(state: Textbook): Promise<void> {
    const changes = state.status !== this.#state.status
    this.#state = state
    if (changes) await this.#save()
  }

  /** One at a time, so that a slow machine does not run out of connections. */
  #save(): Promise<void> {
    const { status, log, openUntil } = this.#state
    const failures = [...log].filter((bit) => bit === '1').length
    const values = [
      'original',
      'default',
      status,
      failures,
      openUntil === 0 ? null : localTime(openUntil, 'UTC'),
    ]
    this.#running = this.#running.then(() => this.#run(values))
    return this.#running
  }

  async #run(values: unknown[]): Promise<void> {
    const client = new pg.Client(this.#url)
    await client.connect()
    await client.query('BEGIN')
    await client.query(SAVE, values)
    await client.query('COMMIT')
    await client.end()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#proxy[Symbol.asyncDispose]()
  }
}
