import pg from 'pg'
import { localTime, ORIGINAL_SCHEMAS } from '../../test/postgres/original.ts'
import { type Contender, type Setting, targetOf } from './contender.ts'
import { CountingProxy } from './counting-proxy.ts'
import { admitted, dependency, NEW, recorded, type Textbook } from './textbook.ts'

const LOAD =
  'SELECT state, failure_count, open_until FROM rc_circuit_breakers WHERE resource_key = $1 AND namespace = $2 FOR UPDATE'
const SAVE = `INSERT INTO rc_circuit_breakers (resource_key, namespace, state, failure_count, open_until) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (resource_key, namespace) DO UPDATE SET state = EXCLUDED.state, failure_count = EXCLUDED.failure_count,
    open_until = EXCLUDED.open_until, updated_at = CURRENT_TIMESTAMP`

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
  #running: Promise<unknown> = Promise.resolve()

  private constructor(proxy: CountingProxy, url: string, cooldownMs: number) {
    this.#proxy = proxy
    this.#url = url
    this.#cooldownMs = cooldownMs
  }

  static async start({ originalUrl, cooldownMs }: Setting): Promise<Original> {
    const client = new pg.Client(originalUrl)
    await client.connect()
    await client.query(ORIGINAL_SCHEMAS['its runtime'])
    await client.end()
    const proxy = await CountingProxy.start(targetOf(originalUrl))
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
    await this.save()
  }

  async #become(state: Textbook): Promise<void> {
    const changes = state.status !== this.#state.status
    this.#state = state
    if (changes) await this.save()
  }

  load(): Promise<void> {
    return this.#inTurn(LOAD, ['original', 'default'])
  }

  save(): Promise<void> {
    const { status, log, openUntil } = this.#state
    const failures = [...log].filter((bit) => bit === '1').length
    return this.#inTurn(SAVE, [
      'original',
      'default',
      status,
      failures,
      openUntil === 0 ? null : localTime(openUntil, 'UTC'),
    ])
  }

  /** One at a time, so that a slow machine does not run out of connections. */
  #inTurn(text: string, values: readonly unknown[]): Promise<void> {
    const turn = this.#running.then(() => this.#run(text, values))
    this.#running = turn
    return turn
  }

  async #run(text: string, values: readonly unknown[]): Promise<void> {
    const client = new pg.Client(this.#url)
    await client.connect()
    await client.query('BEGIN')
    await client.query(text, [...values])
    await client.query('COMMIT')
    await client.end()
  }

  close(): Promise<void> {
    return this.#proxy.close()
  }
}
