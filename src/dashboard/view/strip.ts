import { html } from 'hono/html'
import { failuresIn } from '../../core/log.ts'
import type { Reading } from '../../core/reading.ts'
import { type Html, number } from './format.ts'

const HEIGHT = 22
const BAR = 6
const GAP = 2
/**
 * How high a success stands: failures tower over them, so that nobody needs to tell red from green.
 */
const LOW = 7

/**
 * The newest outcomes as cells, oldest first: three paths, however many cells. Places that are
 * still free are dots.
 */
export function strip({ window, windowSize }: Reading, most: number): Html {
  const size = Math.min(windowSize, most)
  const shown = window.slice(-size)
  const width = size * (BAR + GAP) - GAP
  const cells = (wanted: string, height: number) =>
    [...shown]
      .map((bit, i) =>
        bit === wanted
          ? `M${(size - shown.length + i) * (BAR + GAP)} ${HEIGHT - height}h${BAR}v${height}h-${BAR}z`
          : '',
      )
      .join('')
  const free = Array.from(
    { length: size - shown.length },
    (_, i) => `M${i * (BAR + GAP) + BAR / 2 - 1} ${HEIGHT - 2}h2v2h-2z`,
  ).join('')
  return html`<svg class="strip" role="img" aria-label="${spoken(shown, windowSize)}" width="${width}" height="${HEIGHT}" viewBox="0 0 ${width} ${HEIGHT}"><title>${spoken(shown, windowSize)}</title><path class="free" d="${free}"/><path class="success" d="${cells('0', LOW)}"/><path class="failure" d="${cells('1', HEIGHT)}"/></svg>`
}

function spoken(shown: string, windowSize: number): string {
  if (shown === '') return 'no outcomes yet'
  const failures = failuresIn(shown)
  const newest = shown.endsWith('1') ? 'failure' : 'success'
  const of = shown.length < windowSize ? ` of a window of ${number(windowSize)}` : ''
  return `${number(shown.length)} newest outcomes${of}: ${number(failures)} failed, ${number(shown.length - failures)} succeeded, the last one a ${newest}`
}
