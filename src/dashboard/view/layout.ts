import type { Context } from 'hono'
import { html, raw } from 'hono/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Html } from './format.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'

interface Page {
  readonly title: string
  readonly body: Html
  readonly status?: ContentfulStatusCode
  /** How often the page fetches itself anew, in milliseconds; null or left out: never. */
  readonly refreshMs?: number | null
}

/**
 * With this header a page asks for its own news: it has style and script already, and would be told
 * off for those of another nonce.
 */
const NEWS = 'x-live'

/**
 * A whole document: style and script stand in it, so that it needs nothing else, and only these two
 * may run.
 */
export function page(
  c: Context,
  { title, body, status = 200, refreshMs = null }: Page,
): Response | Promise<Response> {
  const nonce = newNonce()
  const isWhole = c.req.header(NEWS) === undefined
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    'img-src data:',
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  c.header('Content-Security-Policy', policy.join('; '))
  c.header('X-Frame-Options', 'DENY')
  return c.html(
    html`<!doctype html>
<html lang="en" data-refresh="${refreshMs ?? ''}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Circuit breakers</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(FAVICON)}">
${isWhole ? html`<style nonce="${nonce}">${raw(STYLE)}</style>` : ''}
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
${body}
${isWhole ? html`<script nonce="${nonce}">${raw(SCRIPT)}</script>` : ''}
</body>
</html>`,
    status,
  )
}

const FAVICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#3b5bdb"/><path d="M4 19h6l9-9m3 9h6" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/><circle cx="10" cy="19" r="2.6" fill="#fff"/><circle cx="22" cy="19" r="2.6" fill="#fff"/></svg>'

/** Two contacts and a lever between them. */
export const MARK: Html = html`<svg class="mark" aria-hidden="true" width="28" height="28" viewBox="0 0 32 32"><rect width="32" height="32" rx="8"/><path d="M4 19h6l9-9m3 9h6"/><circle cx="10" cy="19" r="2.6"/><circle cx="22" cy="19" r="2.6"/></svg>`

function newNonce(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(18))))
}
