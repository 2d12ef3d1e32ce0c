import { html } from 'hono/html'
import type { Html } from './format.ts'
import { MARK } from './layout.ts'
import { listUrl } from './urls.ts'

/** The head of every page; its right end is filled by the script, and empty without. */
export function masthead(base: string, isList: boolean): Html {
  const name = html`${MARK}<span>Circuit breakers</span>`
  return html`<header class="masthead">
    ${isList ? html`<h1 class="brand">${name}</h1>` : html`<p class="brand"><a href="${listUrl(base)}">${name}</a></p>`}
    <div class="live" hidden><span class="pulse" aria-hidden="true"></span><span id="live-state"></span><button type="button" class="quiet" id="pause">Pause</button></div>
    <p class="sr" role="status" id="live-news"></p>
  </header>`
}
