/**
 * What a page does beyond being read: counts down, tells the time in the reader's zone, and fetches
 * itself anew, part by part. Whatever somebody types into or has marked stays as it is. Without it
 * the page is as complete, and stands still.
 */
export const SCRIPT: string = `
(() => {
  'use strict'
  const units = [[86400000, 'd'], [3600000, 'h'], [60000, 'min'], [1000, 's']]
  const span = (ms) => {
    if (ms > 0 && ms < 1000) return '<1 s'
    const at = units.findIndex(([size]) => ms >= size)
    if (at < 0) return '0 s'
    const [size, unit] = units[at]
    const [finer, fine] = units[at + 1] || [1, '']
    const rest = Math.floor((ms % size) / finer)
    return Math.floor(ms / size) + ' ' + unit + (fine && rest > 0 ? ' ' + rest + ' ' + fine : '')
  }
  const local = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short' })
  const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
  const ends = new WeakMap()
  const dress = (scope) => {
    for (const time of scope.querySelectorAll('time[data-at]')) time.textContent = local.format(new Date(time.dateTime))
    for (const count of scope.querySelectorAll('[data-left]')) ends.set(count, performance.now() + Number(count.dataset.left))
    for (const ago of scope.querySelectorAll('.ago')) {
      const exact = ago.nextElementSibling && ago.nextElementSibling.querySelector('time')
      if (exact) ago.title = exact.textContent
    }
  }
  dress(document)
  setInterval(() => {
    for (const count of document.querySelectorAll('[data-left]')) {
      const text = span(Math.max(0, ends.get(count) - performance.now()))
      if (count.textContent !== text) count.textContent = text
    }
  }, 1000)

  const every = Number(document.documentElement.dataset.refresh)
  const parts = [...document.querySelectorAll('[data-live]')]
  if (!every || parts.length === 0) return
  const live = document.querySelector('.live')
  const state = document.getElementById('live-state')
  const news = document.getElementById('live-news')
  const pause = document.getElementById('pause')
  const seen = new Map(parts.map((part) => [part.id, '']))
  let paused = false
  let failed = 0
  let updated = new Date()
  const show = () => {
    live.hidden = false
    live.classList.toggle('paused', paused)
    live.classList.toggle('late', failed > 0)
    state.textContent = (paused ? 'Paused at ' : failed > 0 ? 'No updates since ' : 'Live at ') + clock.format(updated)
    pause.textContent = paused ? 'Resume' : 'Pause'
  }
  const isMarking = () => {
    const marked = getSelection()
    return marked && !marked.isCollapsed && [...document.querySelectorAll('[data-live]')].some((part) => marked.containsNode(part, true))
  }
  const swap = (fresh) => {
    for (const id of seen.keys()) {
      const [old, next] = [document.getElementById(id), fresh.getElementById(id)]
      if (!old || !next || seen.get(id) === next.outerHTML) continue
      seen.set(id, next.outerHTML)
      const focused = old.contains(document.activeElement) ? [...old.querySelectorAll('a')].indexOf(document.activeElement) : -1
      const href = focused >= 0 ? document.activeElement.getAttribute('href') : null
      const part = document.importNode(next, true)
      dress(part)
      old.replaceWith(part)
      if (href !== null) [...part.querySelectorAll('a')].find((link) => link.getAttribute('href') === href)?.focus({ preventScroll: true })
    }
  }
  const refresh = async () => {
    if (!paused && !document.hidden && !isMarking()) {
      try {
        const answer = await fetch(location.pathname + location.search, { headers: { accept: 'text/html', 'x-live': '1' }, cache: 'no-store' })
        if (!answer.ok) throw new Error(String(answer.status))
        swap(new DOMParser().parseFromString(await answer.text(), 'text/html'))
        if (failed > 0) news.textContent = 'Updates arrive again.'
        failed = 0
        updated = new Date()
      } catch {
        failed++
        if (failed === 1) news.textContent = 'Updates do not arrive; trying again.'
      }
      show()
    }
    setTimeout(refresh, Math.min(every * 2 ** Math.min(failed, 4), Math.max(every, 60000)))
  }
  pause.addEventListener('click', () => {
    paused = !paused
    show()
  })
  show()
  setTimeout(refresh, every)
})()
`
