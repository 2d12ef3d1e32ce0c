/**
 * Sends a request that ends with `error` where its headers are not here in time. Its signal is not a plain time limit: that would
 * also cut off a body that is still arriving.
 */
export async function withTimeLimit(
  send: (signal: AbortSignal) => Promise<Response>,
  ms: number,
  caller: AbortSignal | undefined,
  error: Error,
): Promise<Response> {
  const controller = new AbortController()
  const limit = AbortSignal.timeout(ms)
  let end = () => {}
  const over = new Promise<never>((_, reject) => {
    end = () => {
      controller.abort(error)
      // Whether or not the sender heeds its signal.
      reject(error)
    }
    limit.addEventListener('abort', end)
  })
  try {
    return await Promise.race([
      send(caller ? AbortSignal.any([caller, controller.signal]) : controller.signal),
      over,
    ])
  } finally {
    limit.removeEventListener('abort', end)
  }
}
