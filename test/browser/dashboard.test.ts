import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { fraction } from '../../src/core/limits.ts'
import { startChromium } from './chromium.ts'
import { unreadable } from './contrast.ts'
import { paint, Reporter } from './scene.ts'
import { memoryStage, open, postgresStage, type Site, type Stage } from './stage.ts'

const HOUR = 3_600_000
const MARA = { username: 'mara', password: 'secret' }

describe.each([
  ['memory', () => memoryStage()],
  ['PostgreSQL', () => postgresStage(inject('postgresUrl'))],
])('the dashboard in Chromium, over %s', (name, makeStage) => {
  let browser: Browser
  let stage: Stage
  let site: Site
  let errors: string[] = []

  beforeAll(async () => {
    browser = await startChromium()
    stage = await makeStage()
    site = await open(stage.storage)
  })
  afterAll(async () => {
    await browser?.close()
    await site?.close()
    await stage?.close()
  })
  beforeEach(() => {
    errors = []
  })
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
    await stage.clear()
    expect(errors).toEqual([])
  })

  async function visit(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({
      httpCredentials: MARA,
      locale: 'en-GB',
      timezoneId: 'Asia/Tokyo',
      ...options,
    })
    const page = await context.newPage()
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('dialog', (dialog) => void errors.push(`a dialog: ${dialog.message()}`))
    page.on(
      'console',
      (message) =>
        message.text().includes('Content Security Policy') && errors.push(message.text()),
    )
    // What ends a wait is the limit of its test.
    page.setDefaultTimeout(0)
    await page.goto(`${site.origin}${path}`)
    return page
  }
  const reporter = (key: string, namespace = 'prod') =>
    new Reporter(stage.storage, key, namespace, { failureLimit: fraction(2, 4), cooldown: '10m' })
  const breaker = (key: string, namespace = 'prod') =>
    `/circuits/breaker?${new URLSearchParams({ key, namespace })}`
  const keys = (page: Page) => page.locator('.breakers .key').allTextContents()
  /** Waits as a reader does: without loading the page again. */
  const shows = (page: Page, selector: string, text: string | RegExp) =>
    page.locator(selector, { hasText: text }).first().waitFor()

  it('lists breakers, worst first, and follows them without being loaded again', async () => {
    await reporter('calm').report('0100')
    await reporter('broken').report('0011')
    const page = await visit('/circuits')
    expect(await keys(page)).toEqual(['broken', 'calm'])
    await reporter('calm').report('11')
    await expect.poll(() => page.locator('.breakers tr.is-OPEN').count()).toBe(2)
    expect(await page.locator('#totals .is-OPEN .count').textContent()).toBe('2')
  })

  it('counts down to half-open, and tells the time where the reader is', async () => {
    await reporter('broken').report('0011')
    const page = await visit(breaker('broken'))
    const countdown = page.locator('.headline .countdown')
    expect(await countdown.textContent()).toMatch(/^9 min 5\d s$|^10 min$/)
    const before = await countdown.textContent()
    await expect.poll(() => countdown.textContent()).not.toBe(before)
    expect(await page.locator('.audit time').first().textContent()).toMatch(/GMT\+9|JST/)
  })

  it('turns from open to due by itself, in every place, and is red no longer', async () => {
    await reporter('idle').report('0011')
    await reporter('held').report('0011')
    const page = await visit(breaker('idle'))
    const list = await visit('/circuits')
    const colour = () =>
      list
        .locator('.breakers tr', { hasText: 'idle' })
        .locator('.badge')
        .evaluate((badge) => getComputedStyle(badge).color)
    const red = await colour()
    await stage.advance(HOUR)
    await reporter('held').probe()
    await shows(page, '#state .badge', 'Due')
    await shows(page, '#state .headline', 'probes with the next call')
    await shows(page, '#timeline .legend li', /Due 50 min/)
    await shows(list, '.breakers tr.is-DUE', /idle.*Due.*probes with the next call/s)
    expect(await colour()).not.toBe(red)
    expect(await keys(list)).toEqual(['held', 'idle'])
    expect(await list.locator('#totals .is-OPEN .count').textContent()).toBe('0')
    await list.locator('#totals a', { hasText: 'Due' }).click()
    await list.waitForURL('**/circuits?status=DUE')
    expect(await keys(list)).toEqual(['idle'])
  })

  it('begins the timeline of a new breaker with the breaker', async () => {
    await reporter('new').report('0')
    await stage.advance(29_000)
    const page = await visit(breaker('new'))
    await shows(page, '#timeline .legend li', /Closed (29|3\d) s/)
  })

  it('searches and filters, by keyboard alone', async () => {
    for (const key of ['pay/eu', 'pay/us', 'mail']) await reporter(key).report('0')
    const page = await visit('/circuits')
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content')
    await page.getByRole('searchbox', { name: 'Search' }).focus()
    await page.keyboard.type('PAY')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/circuits?search=PAY**')
    expect(await keys(page)).toEqual(['pay/eu', 'pay/us'])
    await page.getByRole('link', { name: /Half-open/ }).click()
    await shows(page, '.nothing', 'No breaker fits this')
  })

  it('isolates for a time with a reason, shows who and why, and lets it run out', async () => {
    await reporter('pay').report('00')
    const page = await visit(breaker('pay'))
    await page.getByLabel('Reason', { exact: true }).fill('maintenance at the provider')
    await page.getByLabel('How long').selectOption({ label: '1 hour' })
    await page.getByRole('button', { name: 'Isolate' }).click()
    await shows(page, '.done', 'Isolated')
    await shows(page, '#state .badge', 'Open')
    await shows(page, '#state .override', 'Isolated')
    await shows(page, '#state', /mara: maintenance at the provider/)
    await shows(page, '.audit tr', /Isolated.*maintenance at the provider.*mara/s)
    await stage.advance(HOUR)
    await shows(page, '#state .headline', 'probes with the next call')
    expect(await page.locator('#state .override').count()).toBe(0)
  })

  it('does nothing without a reason, unless it goes back to normal', async () => {
    await reporter('pay').report('0011')
    const page = await visit(breaker('pay'))
    await page.getByRole('button', { name: 'Disable' }).click()
    expect(
      await page
        .getByLabel('Reason', { exact: true })
        .evaluate((input: HTMLInputElement) => input.matches(':invalid')),
    ).toBe(true)
    expect(page.url()).not.toContain('done=')
    await page.getByRole('button', { name: 'Reset' }).click()
    await shows(page, '.done', 'Reset')
    await shows(page, '#state .badge', 'Closed')
    expect((await stage.storage.history()).items[0]).toMatchObject({
      cause: 'reset',
      actor: 'mara',
    })
  })

  it('keeps what is being typed while it updates itself', async () => {
    await reporter('pay').report('00')
    const page = await visit(breaker('pay'))
    await page.getByLabel('Reason', { exact: true }).fill('half a sen')
    await reporter('pay').report('11')
    await shows(page, '#state .badge', 'Open')
    expect(await page.getByLabel('Reason', { exact: true }).inputValue()).toBe('half a sen')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('reason')
  })

  it('can be paused', async () => {
    await reporter('pay').report('00')
    const page = await visit('/circuits')
    await page.getByRole('button', { name: 'Pause' }).click()
    await shows(page, '#live-state', 'Paused')
    await page.getByRole('button', { name: 'Resume' }).click()
    await reporter('pay').report('11')
    await shows(page, '.breakers .badge', 'Open')
  })

  it('refuses who has no password, and a wrong one', async () => {
    for (const httpCredentials of [undefined, { username: 'mara', password: 'wrong' }]) {
      const context = await browser.newContext(
        httpCredentials === undefined ? {} : { httpCredentials },
      )
      const page = await context.newPage()
      const answer = await page.request.get(`${site.origin}/circuits`)
      expect(answer.status()).toBe(401)
      expect(await answer.text()).toContain('Please sign in')
    }
  })

  it.each(['cross-site', 'same-site'])(
    'refuses a form that a %s page sends, though the browser signs in',
    async (from) => {
      await reporter('pay').report('00')
      const page = await visit('/circuits')
      const other = await open(stage.storage)
      const origin =
        from === 'same-site' ? other.origin : other.origin.replace('127.0.0.1', 'localhost')
      await page.goto(`${origin}/elsewhere?to=${encodeURIComponent(site.origin + breaker('pay'))}`)
      const [answer] = await Promise.all([
        page.waitForResponse((response) => response.request().method() === 'POST'),
        page.evaluate(() => document.forms[0]?.submit()),
      ])
      expect(answer.status()).toBe(403)
      await page.getByText('Nothing was changed').waitFor()
      expect((await stage.storage.history()).items).toEqual([])
      await other.close()
    },
  )

  it('shows a key that is a script as the text that it is', async () => {
    const evil = '<script>alert(1)</script>'
    await reporter(evil, '"><img src=x onerror=alert(1)>').report('0011')
    const page = await visit('/circuits')
    expect(await keys(page)).toEqual([evil])
    await page.locator('.breakers .key').click()
    expect(await page.locator('h1').textContent()).toBe(evil)
    await page.getByLabel('Reason', { exact: true }).fill(evil)
    await page.getByRole('button', { name: 'Metrics only' }).click()
    await shows(page, '#state', evil)
    expect(await page.locator('main script, main img').count()).toBe(0)
  })

  it('works without JavaScript', async () => {
    for (const key of ['pay/eu', 'mail']) await reporter(key).report('0011')
    const page = await visit('/circuits', { javaScriptEnabled: false })
    expect(await keys(page)).toEqual(['mail', 'pay/eu'])
    expect(await page.locator('.live').isVisible()).toBe(false)
    await page.getByLabel('Search').fill('pay')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByRole('link', { name: 'pay/eu' }).click()
    expect(await page.locator('.audit time').first().textContent()).toMatch(/UTC$/)
    await page.getByRole('button', { name: 'Close' }).click()
    await shows(page, '.done', 'Closed')
    await shows(page, '#state .badge', 'Closed')
  })

  it('stays readable when the storage fails, and comes back by itself', async () => {
    await reporter('pay').report('00')
    const page = await visit('/circuits')
    const real = stage.storage.list
    Object.assign(stage.storage, {
      list: () => Promise.reject(new Error('postgres://ops:hunter2@db')),
    })
    await shows(page, '#live-state', 'No updates since')
    expect(await keys(page)).toEqual(['pay'])
    Object.assign(stage.storage, { list: real })
    await shows(page, '#live-state', 'Live at')
  })

  it.each(['light', 'dark'] as const)(
    'is readable in %s: each text stands out from what is behind it',
    async (colorScheme) => {
      if (name === 'memory') await paintNow()
      else await reporter('pay').report('0011')
      for (const path of [
        '/circuits',
        breaker(
          name === 'memory' ? 'payment_service' : 'pay',
          name === 'memory' ? 'production' : 'prod',
        ),
      ]) {
        const page = await visit(path, { colorScheme })
        expect(await page.evaluate(unreadable)).toEqual([])
      }
    },
  )

  it.each([320, 390, 768, 1280])('fits a screen of %i pixels', async (width) => {
    await reporter('a-rather-long-key-without-any-place-to-break-it-whatsoever-'.repeat(3)).report(
      '0011',
    )
    await reporter('pay').report('0011')
    for (const path of ['/circuits', breaker('pay'), `${breaker('pay')}&range=7d`]) {
      const page = await visit(path, { viewport: { width, height: 800 } })
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
        width,
      )
    }
  })

  it('lists 10,000 breakers, page after page', async () => {
    const median = async () => {
      const times: number[] = []
      for (let i = 0; i < 15; i++) {
        const started = performance.now()
        const answer = await fetch(`${site.origin}/circuits`, {
          headers: { authorization: `Basic ${btoa('mara:secret')}` },
        })
        await answer.text()
        times.push(performance.now() - started)
      }
      return times.sort((a, b) => a - b)[7]!
    }
    await stage.fill(10)
    const few = await median()
    await stage.clear()
    await stage.fill(10_000)
    const many = await median()
    console.log(
      `${name}: the list takes ${(many / few).toFixed(1)} times as long over 10,000 breakers as over 10 (${few.toFixed(1)} ms, ${many.toFixed(1)} ms)`,
    )
    const page = await visit('/circuits')
    expect(await page.locator('.tile .count').first().textContent()).toBe('10,000')
    const first = await keys(page)
    expect(first).toHaveLength(100)
    await page.getByRole('link', { name: 'Next page' }).click()
    await page.getByRole('link', { name: 'First page' }).waitFor()
    const second = await keys(page)
    expect(new Set([...first, ...second]).size).toBe(200)
    await page.getByRole('searchbox').fill('bulk/9999')
    await page.keyboard.press('Enter')
    await page.waitForURL('**search=**')
    expect(await keys(page)).toEqual(['bulk/9999'])
  })

  /** The scene sets the clock back to paint a past; here there is only now. */
  async function paintNow(): Promise<void> {
    await paint(stage.storage, () => {})
  }
})
