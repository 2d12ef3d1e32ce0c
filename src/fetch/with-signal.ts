/**
 * The same `init`, with this signal. A spread would lose what `fetch` also reads: the getters of a
 * `Request` or of any class, and inherited fields. Each is read once, on the object itself, for
 * private fields are not there on another.
 */
export function withSignal(init: RequestInit | undefined, signal: AbortSignal): RequestInit {
  const copy: Record<string, unknown> = {}
  for (
    let level: object | null = init ?? null;
    level !== null && level !== Object.prototype;
    level = Object.getPrototypeOf(level)
  ) {
    for (const name of Object.getOwnPropertyNames(level)) {
      if (name in copy || name === 'signal') continue
      const value = (init as Record<string, unknown>)[name]
      // What is inherited and a function is a method, and no option.
      if (level === init || typeof value !== 'function') copy[name] = value
    }
  }
  return { ...copy, signal }
}
