const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** A stretch of time as people say it, in at most two units: `4s`, `2m 10s`, `3d 1h`. */
export function stretch(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000)) * 1_000
  const first = UNITS.findIndex(([, size]) => seconds >= size)
  if (first < 0) return '0s'
  const [unit, size] = UNITS[first]!
  const next = UNITS[first + 1]
  const rest = next === undefined ? 0 : Math.floor((seconds % size) / next[1])
  return rest === 0
    ? `${Math.floor(seconds / size)}${unit}`
    : `${Math.floor(seconds / size)}${unit} ${rest}${next![0]}`
}

/** `2026-01-31 12:00:00Z` */
export function instant(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z')
}
