/**
 * Somebody else's editor: the unmodified y-codemirror.next on the unmodified WebsocketProvider, in two real pages, typed into
 * by their keyboards.
 */
import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { CONTENT_ROOT } from '../../../protocol/document.js'
import type { ServedFolder } from '../../support/served-folder.js'
import { until } from '../../support/wait.js'
import { bundle } from './bundle.js'
import { serve, usePages } from './pages.js'

const { blank } = usePages()

/** What the page does; `editor` is what the test speaks to. */
const PROGRAM = `
import { EditorState } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import * as Y from 'yjs'
import { yCollab } from 'y-codemirror.next'
import { WebsocketProvider } from 'y-websocket'
globalThis.openEditor = (name, token) => {
  const doc = new Y.Doc()
  const text = doc.getText('${CONTENT_ROOT}')
  const url = location.origin.replace('http', 'ws') + '/sync'
  const provider = new WebsocketProvider(url, 'a.txt', doc, { disableBc: true, params: { token } })
  provider.awareness.setLocalStateField('user', { name, color: '#30bced' })
  const extensions = [yCollab(text, provider.awareness, { undoManager: false })]
  const view = new EditorView({ state: EditorState.create({ doc: text.toString(), extensions }), parent: document.body })
  globalThis.editor = { text, provider, view }
}`

let program = ''
beforeAll(async () => {
  program = await bundle(PROGRAM)
})

interface Editor {
  readonly text: () => Promise<string>
  readonly isSynced: () => Promise<boolean>
  /** Whose carets it shows. */
  readonly carets: () => Promise<readonly string[]>
  /** Puts its own caret behind `mark`. */
  readonly goBehind: (mark: string) => Promise<unknown>
  readonly type: (text: string) => Promise<void>
}

async function open(folder: ServedFolder, name: string): Promise<Editor> {
  const page: Page = await blank(folder.url)
  await page.goto(`${folder.url}/healthz`) // any page of that origin, with nothing on it
  await page.evaluate(program)
  await page.evaluate(`openEditor(${JSON.stringify(name)}, ${JSON.stringify(folder.token)})`)
  const ask = <T>(expression: string): Promise<T> => page.evaluate(expression)
  const carets = `[...document.querySelectorAll('.cm-ySelectionInfo')].map((caret) => caret.textContent)`
  const editor = {
    text: () => ask<string>('editor.view.state.doc.toString()'),
    isSynced: () => ask<boolean>('editor.provider.synced'),
    carets: () => ask<string[]>(carets),
    goBehind: (mark: string) =>
      ask<undefined>(`(() => {
        const anchor = editor.view.state.doc.toString().indexOf(${JSON.stringify(mark)}) + ${mark.length}
        editor.view.focus()
        editor.view.dispatch({ selection: { anchor } })
      })()`),
    type: (text: string) => page.keyboard.type(text),
  }
  await until(editor.isSynced, 'the first sync')
  return editor
}

/** Types words until it is told to stop. */
function typist(editor: Editor, letter: string) {
  const state = { typed: '', words: 0, isDone: false }
  const typing = (async () => {
    while (!state.isDone) {
      const word = `${letter}${state.words++} `
      await editor.type(word)
      state.typed += word
    }
  })()
  return {
    /** Resolves when so many more words were typed. */
    more: async (count: number) => {
      const wanted = state.words + count
      await until(() => state.words > wanted, 'more words')
    },
    stop: async () => {
      state.isDone = true
      await typing
      return state.typed
    },
  }
}

test('[SYNC-1, SYNC-9, SYNC-17] two who type in one file see each other; the server is killed and comes back, and both and the disk end with all that was typed', async () => {
  const folder = await serve({ 'a.txt': 'first: \n\nmiddle: \n\nlast: \n' })
  const [anna, ben] = [await open(folder, 'Anna'), await open(folder, 'Ben')]
  await anna.goBehind('first: ')
  await ben.goBehind('last: ')
  const seeEachOther = async () => {
    await until(async () => String(await anna.carets()) === 'Ben', 'the caret of Ben')
    await until(async () => String(await ben.carets()) === 'Anna', 'the caret of Anna')
  }
  await seeEachOther()

  const typists = [typist(anna, 'a'), typist(ben, 'b')] as const
  await until(() => /a1 .*b1 /s.test(folder.read('a.txt')), 'words of both on disk')
  await folder.kill()
  for (const editor of [anna, ben]) await until(async () => (await editor.carets()).length === 0, 'carets to go')
  for (const one of typists) await one.more(3)
  await folder.start()
  for (const editor of [anna, ben]) await until(editor.isSynced, 'the sync')
  for (const one of typists) await one.more(3)
  const [byAnna, byBen] = [await typists[0].stop(), await typists[1].stop()]
  const end = `first: ${byAnna}\n\nmiddle: \n\nlast: ${byBen}\n`
  for (const editor of [anna, ben]) await until(async () => (await editor.text()) === end, 'the text in a page')
  await until(() => folder.read('a.txt') === end, 'the text on disk')

  // y-protocols passes over a state that it has taken out until that changes, which a caret that text goes in front of does not.
  for (const editor of [anna, ben]) await editor.goBehind('middle: ')
  await seeEachOther()
  await Promise.all([anna.type('AAAA'), ben.type('BBBB')])
  await until(async () => (await anna.text()).length === end.length + 8, 'what both typed at one place')
  const together = await anna.text()
  await until(async () => (await ben.text()) === together, 'the same in the other page')
  await until(() => folder.read('a.txt') === together, 'the same on disk')
  expect([...(/middle: (.*)/.exec(together)?.[1] ?? '')].sort().join('')).toBe('AAAABBBB')
})
