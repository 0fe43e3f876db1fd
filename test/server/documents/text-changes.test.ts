import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { applyEdits, EditList, type Edits } from '../../../protocol/text/edits.js'
import { editsOf } from '../../../server/documents/text-changes.js'

const CONTENT = 'content'

/** As Yjs itself tells it. */
function editsOfDelta(event: Y.YTextEvent, before: string): Edits {
  const edits = new EditList()
  let at = 0
  for (const step of event.delta) {
    if (typeof step.insert === 'string') edits.push(at, '', step.insert)
    const removed = step.delete ?? 0
    if (removed > 0) edits.push(at, before.slice(at, at + removed), '')
    at += removed + (step.retain ?? 0)
  }
  return edits.edits
}

const piece = fc.constantFrom('a', 'bc', '\n', 'line\n', '🙂', 'é', '')
const change = fc.record({
  peer: fc.nat(2),
  at: fc.nat(),
  removed: fc.nat(5),
  added: piece,
  isBold: fc.boolean(),
  isSent: fc.boolean(),
})

describe('what a transaction did to a text', () => {
  test('is what Yjs itself tells of it, for peers who write, format and delete at once and hear of each other late', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 12 }), (rounds) => {
        const peers = [1, 2, 3].map((clientID) => {
          const doc = new Y.Doc()
          doc.clientID = clientID
          const text = doc.getText(CONTENT)
          let mirror = ''
          text.observe((event, transaction) => {
            const edits = editsOf(text, transaction)
            expect(edits).toEqual(editsOfDelta(event, mirror))
            mirror = applyEdits(mirror, edits ?? [])
            expect(mirror).toBe(text.toJSON())
          })
          return { doc, text }
        })
        const meet = (): void => {
          for (const { doc } of peers) {
            for (const other of peers) {
              const lacking = Y.encodeStateAsUpdate(other.doc, Y.encodeStateVector(doc))
              Y.applyUpdate(doc, lacking)
            }
          }
        }
        for (const round of rounds) {
          for (const { doc, text } of peers) {
            const own = round.filter(({ peer }) => peers[peer]?.doc === doc)
            doc.transact(() => {
              for (const { at, removed, added, isBold } of own) {
                // Yjs's peers split no pair of surrogates.
                const starts = [
                  0,
                  ...[...text.toJSON()].map(
                    (
                      (end) => (letter: string) =>
                        (end += letter.length)
                    )(0),
                  ),
                ]
                const from = starts[at % starts.length] ?? 0
                const to = starts[Math.min(starts.length - 1, starts.indexOf(from) + removed)] ?? from
                if (isBold && to > from) text.format(from, to - from, { bold: true })
                else text.delete(from, to - from)
                if (added !== '') text.insert(from, added)
              }
            })
          }
          if (round.some(({ isSent }) => isSent)) meet()
        }
        meet()
        expect(new Set(peers.map(({ text }) => text.toJSON())).size).toBe(1)
      }),
      { numRuns: 500 },
    )
  })

  test('what is put in and taken out again, or taken out and put in as it was, is no edit', () => {
    const doc = new Y.Doc()
    const text = doc.getText(CONTENT)
    text.insert(0, 'one two')
    const seen: (Edits | undefined)[] = []
    text.observe((_, transaction) => {
      seen.push(editsOf(text, transaction))
    })
    doc.transact(() => {
      text.insert(3, 'x')
      text.delete(3, 1)
      text.delete(0, 3)
      text.insert(0, 'one')
    })
    expect(seen).toEqual([[]])
  })

  test('what is no text is told as such', () => {
    const doc = new Y.Doc()
    const text = doc.getText(CONTENT)
    const seen: (Edits | undefined)[] = []
    text.observe((_, transaction) => {
      seen.push(editsOf(text, transaction))
    })
    text.insertEmbed(0, { image: 'x' })
    expect(seen).toEqual([undefined])
  })
  test('that a character may have been split is told; one that is no character in the text before is none', () => {
    const doc = new Y.Doc()
    const text = doc.getText(CONTENT)
    text.insert(0, 'a🙂b\uFFFDcd')
    const seen: (Edits | undefined)[] = []
    text.observe((_, transaction) => {
      seen.push(editsOf(text, transaction))
    })
    text.insert(2, 'x')
    text.insert(7, 'y')
    text.insert(0, 'z')
    text.insert(6, 'w') // between b and what is no character
    text.insert(8, 'v') // and behind that
    expect(seen).toEqual([
      undefined,
      [{ at: 7, removed: '', added: 'y' }],
      [{ at: 0, removed: '', added: 'z' }],
      [{ at: 6, removed: '', added: 'w' }],
      [{ at: 8, removed: '', added: 'v' }],
    ])
  })
})
