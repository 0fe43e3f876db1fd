/** What a page of the dashboard shows and costs, looked at from within and by the browser's own trace. */
import type { Browser, Page } from 'playwright-core'

/** Noted in the page: when a file's name was first painted in the feed, and when the agents were. In milliseconds of the epoch. */
interface Noted {
  readonly names: Record<string, number>
  agents?: number
}

/**
 * Runs in the page before anything of it. A change of the document is seen at once; the frame that paints it is over by
 * the first task after the next frame's callbacks.
 */
function watch(): void {
  const noted: Noted = { names: {} }
  Reflect.set(window, 'noted', noted)
  const painted = (note: (at: number) => void): void => {
    requestAnimationFrame(() => {
      setTimeout(() => {
        note(performance.timeOrigin + performance.now())
      }, 0)
    })
  }
  const look = (): void => {
    const fresh = [...document.querySelectorAll('.feed li:nth-child(-n+40) code')].map((code) => code.textContent)
    const names = fresh.filter((name) => !(name in noted.names))
    for (const name of names) noted.names[name] = NaN
    if (names.length > 0) painted((at) => names.forEach((name) => (noted.names[name] = at)))
    if (noted.agents === undefined && document.querySelector('.agent-row') !== null) {
      noted.agents = NaN
      painted((at) => (noted.agents = at))
    }
  }
  new MutationObserver(look).observe(document, { childList: true, subtree: true })
}

export async function watchPage(page: Page): Promise<void> {
  await page.addInitScript(watch)
}

export async function notedIn(page: Page): Promise<Noted> {
  return await page.evaluate(() => Reflect.get(window, 'noted') as Noted)
}

/** From the start of the navigation, in milliseconds. */
export async function firstAgents(page: Page): Promise<number> {
  await page.waitForFunction(() => Number((Reflect.get(window, 'noted') as Noted).agents) > 0)
  return await page.evaluate(() => ((Reflect.get(window, 'noted') as Noted).agents ?? NaN) - performance.timeOrigin)
}

/** What is live on the page's heap, in bytes. */
export async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.enable')
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  return usedSize
}

interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  /** In microseconds, as the rest; `tts` and `tdur` are of the thread's processor time. */
  readonly ts: number
  readonly dur?: number
  readonly tts?: number
  readonly tdur?: number
  readonly args?: { readonly data?: { readonly url?: string } }
}

export interface Cost {
  /** The page's script in each window in which there was any, in milliseconds of processor time. */
  readonly script: readonly number[]
  /** The longest task of the page's main thread, in milliseconds. */
  readonly longestTask: number
}

const SCRIPT = new Set([
  'FunctionCall',
  'TimerFire',
  'FireAnimationFrame',
  'RunMicrotasks',
  'EventDispatch',
  'EvaluateScript',
])

/** Of a function that is called, the file: what watches the page stands in none. That is script as well, but none of the page's. */
function fileOf({ name, args }: TraceEvent): string | undefined {
  return name === 'FunctionCall' ? args?.data?.url : undefined
}

/** @param window in milliseconds */
export async function traced(browser: Browser, page: Page, window: number, run: () => Promise<void>): Promise<Cost> {
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', 'v8'] })
  await run()
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString('utf8')) as { traceEvents: TraceEvent[] }
  const complete = traceEvents.filter(({ ph }) => ph === 'X')
  const isScript = ({ name }: TraceEvent): boolean => SCRIPT.has(name)
  const thread = busiest(complete.filter(isScript))
  const own = complete.filter(({ pid, tid }) => `${pid}:${tid}` === thread)
  const windows = new Map<number, number>()
  let end = 0
  for (const { ts, tts = 0, tdur = 0 } of own.filter(isScript).sort((a, b) => a.ts - b.ts)) {
    const from = Math.max(tts, end) // one calls another: time counts once
    end = Math.max(end, tts + tdur)
    const at = Math.floor(ts / 1000 / window)
    windows.set(at, (windows.get(at) ?? 0) + Math.max(0, end - from) / 1000)
  }
  const pages = new Set<number>()
  for (const event of own) {
    const file = fileOf(event)
    const at = Math.floor(event.ts / 1000 / window)
    if (file === '') windows.set(at, (windows.get(at) ?? 0) - (event.tdur ?? 0) / 1000)
    else if (file !== undefined) pages.add(at)
  }
  const tasks = own.filter(({ name }) => name.endsWith('RunTask')).map(({ dur = 0 }) => dur / 1000)
  const script = [...windows].flatMap(([at, cost]) => (pages.has(at) ? [cost] : []))
  return { script, longestTask: Math.max(...tasks) }
}

/** The page's main thread runs nearly all script that there is. */
function busiest(events: readonly TraceEvent[]): string {
  const time = new Map<string, number>()
  for (const { pid, tid, dur = 0 } of events) time.set(`${pid}:${tid}`, (time.get(`${pid}:${tid}`) ?? 0) + dur)
  const [first] = [...time].sort((a, b) => b[1] - a[1])
  if (first === undefined) throw new Error('nothing was traced')
  return first[0]
}
