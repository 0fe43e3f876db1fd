import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { CONTENT_ROOT } from '../../../protocol/document.js'
import { applyEdits } from '../../../protocol/text/edits.js'
import { at, CLAUDE, CODEX, openStore, Replica, textOf, write } from './harness.js'

/** Offsets are of any half: what a peer does at one splits the pair for everybody. */
const change = fc.record({
  kind: fc.constantFrom('put', 'take', 'replace', 'format', 'put and take', 'embed', 'NUL'),
  at: fc.nat(12),
  count: fc.nat(3),
  added: fc.constantFrom('a', 'bc', '\n', '🙂', '🙂🙂', '\uFFFD', '\uFFFD\uFFFD'),
})
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

const step = fc.record({
  peer: fc.nat(2),
  changes: fc.array(change, { minLength: 1, maxLength: 3 }),
  author: fc.constantFrom(CLAUDE, CODEX),
  isStored: fc.boolean(),
  areTold: fc.boolean(),
  /** Somebody saves the file as well. */
  saved: fc.option(fc.record({ at: fc.nat(12), count: fc.nat(3) })),
})

function make(text: Y.Text, { kind, at: wanted, count, added }: Change): void {
  const from = Math.min(wanted, text.length)
  const length = Math.min(count, text.length - from)
  if (length > 0 && (kind === 'take' || kind === 'replace')) text.delete(from, length)
  if (length > 0 && kind === 'format') text.format(from, length, { bold: true })
  if (kind === 'put' || kind === 'replace' || kind === 'put and take') text.insert(from, added)
  if (kind === 'put and take') text.delete(from, added.length)
  if (kind === 'embed') text.insertEmbed(from, { image: 'x' })
  if (kind === 'NUL') text.insert(from, 'x\0y')
}

test('[DOC-3] whoever splits a character in halves: the text is what Yjs makes of it, and the revisions lead there', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const { files, commits } = openStore()
      await write(files, 'a.ts', 'a🙂🙂b\uFFFD🙂\n🙂')
      const document = await files.open(at('a.ts'))
      const peers = [0, 1, 2].map(() => ({ replica: new Replica(document), seen: document.steps }))
      for (const { peer, changes, author, isStored, areTold, saved } of steps) {
        const { replica, seen } = peers[peer] ?? { replica: new Replica(document), seen: document.steps }
        const update = replica.edit((text) => {
          for (const one of changes) make(text, one)
        })
        document.apply(update, author, replica.seeing(seen))
        expect(document.text).toBe(document.live.doc.getText(CONTENT_ROOT).toJSON())
        if (saved !== null) {
          await document.live.flushed()
          const letters = [...document.text]
          letters.splice(saved.at, saved.count, 'saved')
          await write(files, 'a.ts', letters.join(''), document.head, author)
          expect(document.text).toBe(letters.join(''))
        }
        if (isStored) await document.live.flushed()
        if (!areTold) continue
        for (const one of peers) {
          Y.applyUpdate(one.replica.doc, Y.encodeStateAsUpdate(document.live.doc))
          one.seen = document.steps
        }
      }
      await document.live.flushed()
      expect(document.text).toBe(document.live.doc.getText(CONTENT_ROOT).toJSON())
      expect(await textOf(files, 'a.ts')).toBe(document.text)
      expect(commits.reduce((text, { edits }) => applyEdits(text, edits ?? []), '')).toBe(document.text)
    }),
    { numRuns: 500 },
  )
})
