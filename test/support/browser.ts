/** A real Chromium for tests of the dashboard. */
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { findChromium } from '#find-chromium' // plain JavaScript, which the build leaves where it is

/** It stays silent: nothing is fetched, updated or reported by the browser itself. */
const QUIET = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]

export async function openBrowser(): Promise<Browser> {
  const found = findChromium()
  if (found === undefined) throw new Error('There is no Chromium; set CHROMIUM_PATH, or run npm test, which gets one.')
  return chromium.launch({ executablePath: found.path, args: QUIET })
}

/**
 * A server that is stopped on purpose is an error to the browser, not to us: whatever was under way breaks, in many words. The
 * last words are of an answer that the stock provider gives to a message which the browser delivers after the line has broken.
 */
const BROKEN_LINE = /net::ERR_(?!BLOCKED)|^WebSocket is already in CLOSING or CLOSED state\.$/

/** What a page did that it must not: read by `faults`. */
const seen = new WeakMap<Page, string[]>()

/** A page that notes every error of its own, and every request to elsewhere than `origin`. */
export async function openPage(browser: Browser, origin: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
    ...options,
  })
  const page = await context.newPage()
  const faults: string[] = []
  seen.set(page, faults)
  const own = [origin, origin.replace(/^http/, 'ws')]
  const check = (url: string) => {
    if (!own.some((start) => url.startsWith(`${start}/`))) faults.push(`asked for ${url}`)
  }
  page.on('request', (request) => check(request.url()))
  page.on('websocket', (socket) => check(socket.url()))
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !BROKEN_LINE.test(message.text())) faults.push(message.text())
  })
  return page
}

export function faultsOf(page: Page): string[] {
  return seen.get(page) ?? []
}
