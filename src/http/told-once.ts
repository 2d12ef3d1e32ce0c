import type { OnNotice } from '../breaker/notice.ts'

/** How many different messages are told. */
const MOST = 10

/**
 * Tells each message once: what is wrong with one request is wrong with thousands like it. A
 * message may hold what a visitor sent, so the number of messages is limited, too.
 */
export function toldOnce(onNotice: OnNotice): OnNotice {
  const told = new Set<string>()
  return (notice) => {
    if (told.size >= MOST || told.has(notice.message)) return
    told.add(notice.message)
    return onNotice(notice)
  }
}
