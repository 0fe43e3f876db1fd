/** The SDK in a real Chromium, bundled as any page would bundle it. */
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { build, type Rolldown } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { faultsOf, openBrowser, openPage } from '../../support/browser.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { put, textOf } from '../../server/sync/seed.js'
import type { Provided } from './browser-page.js'

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
