import { access } from 'node:fs/promises'
import { type Browser, chromium } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The Chromium of `CHROMIUM_PATH`, or that of the machine. */
export async function startChromium(): Promise<Browser> {
  const given = process.env['CHROMIUM_PATH']
  for (const path of given ? [given] : PLACES) {
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return chromium.launch({ executablePath: path, args: FLAGS, timeout: 0 })
  }
  throw new Error(
    `There is no Chromium at ${given ?? PLACES.join(', ')}. Install one (on Debian: apt-get install chromium), or name it with CHROMIUM_PATH.`,
  )
}
