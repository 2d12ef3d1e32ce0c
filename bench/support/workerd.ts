import { Miniflare, type MiniflareOptions, NoOpLog } from 'miniflare'

export const COMPATIBILITY_DATE = '2026-04-01'

/** A running workerd. */
export interface Workerd extends AsyncDisposable {
  readonly url: URL
}

/** Runs a Worker in a workerd of its own: what the compiler made of one must not show in another. */
export async function startWorkerd(
  script: string,
  more: {
    readonly bindings: Readonly<Record<string, unknown>>
    /** Default: none. */
    readonly workerLoaders?: Readonly<Record<string, object>>
  },
): Promise<Workerd> {
  const miniflare = new Miniflare({
    modules: true,
    script,
    compatibilityDate: COMPATIBILITY_DATE,
    host: '127.0.0.1',
    port: 0,
    // Miniflare's own front is slower than workerd.
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    // It would fetch a file from the internet.
    cf: false,
    log: new NoOpLog(),
    ...more,
  } as MiniflareOptions)
  await miniflare.ready
  return {
    url: await miniflare.unsafeGetDirectURL(),
    [Symbol.asyncDispose]: () => miniflare.dispose(),
  }
}
