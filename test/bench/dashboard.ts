/** The dashboard in a real Chromium: when it first shows something, how fast what happens is seen, and what that costs. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import type { Connection } from '../../client/sdk/connection.js'
import { writeId } from '../../protocol/ids.js'
import { workspacePath } from '../../protocol/paths.js'
import { openBrowser } from '../support/browser.js'
import { megabytes, milliseconds, quantile, verdict, type Section } from './figures.js'
import { firstAgents, heapOf, notedIn, traced, watchPage } from './page-probe.js'
import { connect, Lab, token, type ServerInfo } from './processes.js'
import { makeTree } from './trees.js'

const AGENTS = 50
const FILES = 5_000
/** The feed is full by then. */
const BEFORE = 2_500
const EVENTS = 1_000
/** In milliseconds: a thousand a minute. */
const PACE = 60
/** The page hands on what has gathered at most so often, in milliseconds. */
const FLUSH = 100
const LOADS = 5
const TARGET_PAINT = 1_500
const TARGET_PIXEL = 150
const TARGET_SCRIPT = 4
const TARGET_TASK = 50
/** So long at most until the last events are seen. */
const LAST_SEEN = 10_000

export async function dashboard(): Promise<Section> {
  const lab = await Lab.make()
  const browser = await openBrowser()
  try {
    const workspace = await lab.folder('workspace')
    const paths = await makeTree(workspace, FILES, 400)
    const server = await lab.server(workspace)
    const secret = await token(server)
    const agents = await Promise.all(Array.from({ length: AGENTS }, (_, n) => connect(server, secret, `agent-${n}`)))
    const edit = (n: number): Promise<void> => write(agents[n % AGENTS] ?? never(), paths[n] ?? never(), n)

    const loads: number[] = []
    for (let n = 0; n < LOADS; n++) {
      const page = await open(browser, server, secret)
      loads.push(await firstAgents(page))
      await page.context().close()
    }

    const page = await open(browser, server, secret)
    await firstAgents(page)
    for (let n = 0; n < BEFORE; n += AGENTS) {
      await Promise.all(Array.from({ length: AGENTS }, (_, more) => edit(n + more)))
    }
    await seen(page, [BEFORE - 1])
    const heap = await heapOf(page)
    const sent = new Map<number, number>()
    const cost = await traced(browser, page, FLUSH, async () => {
      const start = performance.now()
      const written: Promise<void>[] = []
      for (let n = 0; n < EVENTS; n++) {
        sent.set(BEFORE + n, performance.timeOrigin + performance.now())
        written.push(edit(BEFORE + n))
        await pause(start + (n + 1) * PACE - performance.now())
      }
      await Promise.all(written)
      await seen(page, [...sent.keys()])
    })
    const grown = (await heapOf(page)) - heap
    const { names } = await notedIn(page)
    const latencies = [...sent].flatMap(([n, at]) => {
      const shown = names[nameOf(n)]
      return shown === undefined ? [] : [shown - at]
    })
    for (const agent of agents) await agent.close()
    const p95 = quantile(latencies, 0.95)
    const script = quantile(cost.script, 0.95)
    const paint = Math.max(...loads)
    return {
      title: 'The dashboard, with 50 agents and 5,000 files',
      method:
        `The overview in Chromium, ${AGENTS} agents connected. First paint: from the start of the navigation to the frame that shows the agents, nothing cached, ` +
        `${LOADS} loads. Then ${EVENTS.toLocaleString('en')} edits a minute for a minute, each of another file, the agents in turn; before it ${BEFORE.toLocaleString('en')} as fast as they went, ` +
        'which fill the feed. Clock: from before the request of the write until the frame that shows it in the feed is over. Script: processor time of all script of the page itself, not of what watches it, on ' +
        `its main thread, in windows of ${FLUSH} ms, which is how often the page takes in what has come; windows without any are left out. Sizes are gzipped.`,
      columns: ['', 'median', 'p95', 'max', 'target'],
      rows: [
        row('first paint of the agents', loads, `≤ ${TARGET_PAINT} ms: ${verdict(paint <= TARGET_PAINT)}`),
        row(
          'edit → pixel',
          latencies,
          `p95 ≤ ${TARGET_PIXEL} ms: ${verdict(p95 <= TARGET_PIXEL && latencies.length === EVENTS)}`,
        ),
        row('script a flush', cost.script, `≤ ${TARGET_SCRIPT} ms: ${verdict(script <= TARGET_SCRIPT)}`),
        [
          'longest task',
          '',
          '',
          milliseconds(cost.longestTask),
          `≤ ${TARGET_TASK} ms: ${verdict(cost.longestTask <= TARGET_TASK)}`,
        ],
        ['heap, and what the minute added', megabytes(heap), '', `${(grown / 1024 / 1024).toFixed(1)} MB`, 'no growth'],
        ...(await sizes()),
      ],
    }
  } finally {
    await browser.close()
    await lab.close()
  }
}

function row(what: string, values: readonly number[], target: string): string[] {
  const figures = [quantile(values, 0.5), quantile(values, 0.95), Math.max(...values)]
  return [what, ...figures.map(milliseconds), target]
}

async function open(browser: Browser, server: ServerInfo, secret: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  await watchPage(page)
  await page.goto(`${server.url}/#token=${secret}`)
  return page
}

/** What the page loads first, and all that it can load. */
async function sizes(): Promise<string[][]> {
  const built = fileURLToPath(new URL('../../dashboard', import.meta.url))
  const html = await readFile(join(built, 'index.html'), 'utf8')
  const code = (await readdir(join(built, 'assets'))).filter((name) => /\.(?:js|css)$/.test(name))
  const size = async (names: readonly string[]): Promise<number> => {
    const each = names.map(async (name) => gzipSync(await readFile(join(built, 'assets', name))).length)
    return (await Promise.all(each)).reduce((sum, bytes) => sum + bytes, 0) / 1000
  }
  const first = await size(code.filter((name) => html.includes(`/assets/${name}`)))
  const all = await size(code)
  return [
    ['scripts and styles of the first load', '', '', `${first.toFixed(0)} kB`, `≤ 90 kB: ${verdict(first <= 90)}`],
    ['scripts and styles in all', '', '', `${all.toFixed(0)} kB`, `≤ 350 kB: ${verdict(all <= 350)}`],
  ]
}

const nameOf = (n: number): string => `file${n}.ts`

async function write(agent: Connection, path: string, n: number): Promise<void> {
  const { head } = await agent.request('stat', { path: workspacePath.parse(path) })
  if (head === null) throw new Error(`There is no ${path}`)
  await agent.request('write', {
    ...{ writeId: writeId.parse(`bench-${n}`), path: head.path, base: { rev: head.rev, hash: head.hash } },
    content: { kind: 'text', text: `// edit ${n}\n`, bom: false, eol: 'lf' },
    executable: false,
  })
}

/** Until the page has shown the edits. */
async function seen(page: Page, edits: readonly number[]): Promise<void> {
  const deadline = performance.now() + LAST_SEEN
  for (;;) {
    const { names } = await notedIn(page)
    if (edits.every((n) => nameOf(n) in names)) return
    if (performance.now() > deadline) return // told as missing
    await pause(200)
  }
}

function never(): never {
  throw new Error('there is none')
}
