/**
 * A page of somebody else's: the unmodified y-websocket and y-indexeddb in a real browser, with the browser's own store behind
 * what is typed offline.
 */
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { CONTENT_ROOT } from '../../../protocol/document.js'
import type { ServedFolder } from '../../support/served-folder.js'
import { until } from '../../support/wait.js'
import { bundle } from './bundle.js'
import { serve, usePages } from './pages.js'

const { blank } = usePages()

/** What the page does; `peer` is what the tests speak to. */
const PROGRAM = `
import * as Y from 'yjs'
import { WebsocketProvider } from 'y-websocket'
import { IndexeddbPersistence } from 'y-indexeddb'
globalThis.openPeer = async (store, token) => {
  const doc = new Y.Doc()
  const text = doc.getText('${CONTENT_ROOT}')
  await new IndexeddbPersistence(store, doc).whenSynced
  const url = location.origin.replace('http', 'ws') + '/sync'
  const options = { connect: false, disableBc: true, params: { token } }
  const provider = new WebsocketProvider(url, 'a.txt', doc, options)
  const codes = []
  provider.on('connection-close', (event) => { if (event) codes.push(event.code) })
  globalThis.peer = { text, provider, codes }
}`

let program = ''
beforeAll(async () => {
  program = await bundle(PROGRAM)
})

interface Stock {
  readonly text: () => Promise<string>
  readonly insert: (at: number, text: string) => Promise<void>
  readonly connect: () => Promise<void>
  readonly disconnect: () => Promise<void>
  readonly isSynced: () => Promise<boolean>
  readonly codes: () => Promise<readonly number[]>
}

/** Opens the page, or opens it anew: then the browser's store alone knows what was there. */
async function visit(page: Page, folder: ServedFolder, store = 'a.txt'): Promise<Stock> {
  const token = await folder.session('write')
  await page.goto(`${folder.url}/healthz`) // any page of that origin, with nothing on it
  await page.evaluate(program)
  await page.evaluate(`openPeer(${JSON.stringify(store)}, ${JSON.stringify(token)})`)
  const ask = <T>(expression: string): Promise<T> => page.evaluate(expression)
  return {
    text: () => ask('peer.text.toString()'),
    insert: (at, text) => ask(`peer.text.insert(${at}, ${JSON.stringify(text)})`),
    connect: () => ask('peer.provider.connect()'),
    disconnect: () => ask('peer.provider.disconnect()'),
    isSynced: () => ask('peer.provider.synced'),
    codes: () => ask('peer.codes'),
  }
}

const BEFORE = 'one\ntwo\nthree\n'

/** The page was connected, went offline, was typed into, and is closed; the server has ended, and the file was written to. */
async function leftBehind(): Promise<{ folder: ServedFolder; page: Page }> {
  const folder = await serve({ 'a.txt': BEFORE })
  const page = await blank(folder.url)
  const peer = await visit(page, folder)
  await peer.connect()
  await until(peer.isSynced, 'the first sync')
  await until(async () => (await peer.text()) === BEFORE, 'the text')
  await peer.disconnect()
  await peer.insert(0, 'OFFLINE ')
  const again = await visit(page, folder)
  expect(await again.text()).toBe(`OFFLINE ${BEFORE}`)
  await folder.kill()
  folder.write('a.txt', 'one\ntwo\nTHREE\n')
  return { folder, page }
}

describe('[SYNC-17, DOC-5] a stock page with its own store', () => {
  test('comes back to a restarted server with what was typed offline: once, beside what was written there meanwhile', async () => {
    const { folder, page } = await leftBehind()
    await folder.start()
    for (let visits = 0; visits < 2; visits++) {
      const peer = await visit(page, folder)
      await peer.connect()
      await until(peer.isSynced, 'the sync')
      await until(async () => (await peer.text()) === 'OFFLINE one\ntwo\nTHREE\n', 'the text in the page')
      await until(() => folder.read('a.txt') === 'OFFLINE one\ntwo\nTHREE\n', 'the text on disk')
      expect(await peer.codes()).toEqual([])
    }
  })

  test('is closed by a server whose store began anew, doubles nothing, and begins again with an empty document', async () => {
    const { folder, page } = await leftBehind()
    folder.forget()
    await folder.start()
    const old = await visit(page, folder)
    await old.connect()
    await until(async () => (await old.codes()).includes(4409), 'the end of the old history')
    expect(await old.text()).toBe(`OFFLINE ${BEFORE}`) // still there, to be copied
    const fresh = await visit(page, folder, 'anew')
    await fresh.connect()
    await until(async () => (await fresh.text()) === 'one\ntwo\nTHREE\n', 'the file in the page')
    await fresh.insert(0, 'OFFLINE ')
    await until(() => folder.read('a.txt') === 'OFFLINE one\ntwo\nTHREE\n', 'the text on disk')
    expect(await fresh.text()).toBe('OFFLINE one\ntwo\nTHREE\n')
  })
})
