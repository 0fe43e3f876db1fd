/** The SDK in a real Chromium, bundled as any page would bundle it. */
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { build, type Rolldown } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { faultsOf, openBrowser, openPage } from '../../support/browser.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { put, textOf } from '../../server/sync/seed.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import type { Provided } from './browser-page.js'

type Opened = ReturnType<Provided['open']>

declare global {
  var ensemble: Provided
}

let browser: Browser
let server: TestServer
let script: string
beforeAll(async () => {
  ;[browser, server, script] = await Promise.all([openBrowser(), startServer(), bundle()])
})
afterAll(async () => {
  await browser.close()
  await server.stop()
})

async function bundle(): Promise<string> {
  const built = (await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: false,
      lib: { entry: join(import.meta.dirname, 'browser-page.ts'), formats: ['iife'], name: 'page' },
    },
  })) as Rolldown.RolldownOutput[]
  const [chunk] = built.flatMap(({ output }) => output)
  if (chunk?.type !== 'chunk') throw new Error('one script is expected')
  return chunk.code
}

test('[CLIENT-3] a page edits a document, writes a file, and hears of what others do', async () => {
  const agent = await server.connectAs('CODEX-api')
  await put(agent, 'src/a.ts', 'hello\n')
  const page = await openPage(browser, server.url)
  await page.goto(`${server.url}/`)
  await page.evaluate(script)
  const seen = await page.evaluate(
    async ([url, token]) => {
      const client = globalThis.ensemble.open('CLAUDE-page', token)
      await client.connect(url)
      const heard = new Promise<string>((resolve) => {
        client.on('file:changed', ({ data }) => {
          if (data.author === 'CLAUDE-page') resolve(data.file)
        })
      })
      const file = await client.open('src/a.ts')
      const before = file.text.toJSON()
      file.text.insert(0, 'well, ')
      const written = await client.writeFile('src/b.ts', 'from a page\n')
      const pending = await client.readFile('src/b.ts')
      const { outcome } = await written.done
      return { before, pending: pending?.text, outcome, heard: await heard }
    },
    [server.url, TOKEN] as const,
  )
  expect(seen).toMatchObject({ before: 'hello\n', pending: 'from a page\n', outcome: 'accepted' })
  await expect.poll(() => textOf(agent, 'src/a.ts')).toBe('well, hello\n')
  expect(await textOf(agent, 'src/b.ts')).toBe('from a page\n')
  expect(faultsOf(page)).toEqual([])
})

test('[CLIENT-5] what a page edits and writes without a connection outlives it; a second page is kept out', async () => {
  const storage = openMemoryStorage()
  const first = await startServer({ storage })
  const agent = await first.connectAs('CODEX-api')
  await put(agent, 'src/live.ts', 'one\ntwo\n')
  // What is evaluated from outside may evaluate, what it calls later may not: zod takes the first for the answer.
  const page = await openPage(browser, first.url, { bypassCSP: true })
  await page.goto(`${first.url}/`)
  await page.evaluate(script)
  const before = await page.evaluate(
    async ([url, token]) => {
      const store = await globalThis.ensemble.openStore('CLAUDE-page')
      const busy = await globalThis.ensemble
        .openStore('CLAUDE-page')
        .catch((thrown: unknown) => (thrown as { code: string }).code)
      const client = globalThis.ensemble.open('CLAUDE-page', token, store)
      await client.connect(url)
      const file = await client.open('src/live.ts')
      Object.assign(globalThis, { client, file })
      return { busy, text: file.text.toJSON() }
    },
    [first.url, TOKEN] as const,
  )
  expect(before).toEqual({ busy: 'E_WORKSPACE_BUSY', text: 'one\ntwo\n' })
  await first.stop()
  await page.evaluate(async () => {
    const { client, file } = globalThis as unknown as { client: Opened; file: Awaited<ReturnType<Opened['open']>> }
    while (client.state.kind === 'live') await new Promise((resolve) => client.onState(resolve))
    file.text.insert(0, 'zero\n')
    await client.writeFile('src/written.ts', 'by the page\n') // stored behind the edit, and so is that
  })
  await page.goto('about:blank')
  const second = await startServer({ storage, port: first.port })
  await page.goto(`${second.url}/`)
  await page.evaluate(script)
  const after = await page.evaluate(
    async ([url, token]) => {
      const client = globalThis.ensemble.open('CLAUDE-page', token, await globalThis.ensemble.openStore('CLAUDE-page'))
      await client.connect(url)
      await client.flushed()
      const { text } = await client.open('src/live.ts')
      const seen = { text: text.toJSON(), waiting: client.waiting }
      await client.close()
      return seen
    },
    [second.url, TOKEN] as const,
  )
  expect(after).toEqual({ text: 'zero\none\ntwo\n', waiting: 0 })
  const other = await second.connectAs('CODEX-api')
  expect(await textOf(other, 'src/live.ts')).toBe('zero\none\ntwo\n')
  expect(await textOf(other, 'src/written.ts')).toBe('by the page\n')
  await second.stop()
})
