import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contentHash, fileId } from '../../../protocol/ids.js'
import type { RevisionEntry } from '../../../protocol/revisions.js'
import { diff } from '../../../protocol/text/diff.js'
import { FileJournal, blobRow, originRow, revisionRow, textRow } from '../../../server/documents/file-journal.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import { at, CLAUDE } from './harness.js'

const id = fileId.parse('f_1')

function entry(rev: number, edits: RevisionEntry['edits'], kind: 'text' | 'binary' = 'text'): RevisionEntry {
  return {
    ...{ fileId: id, rev, path: at('a.ts'), author: CLAUDE, time: 0, seq: rev, change: 'modified', edits },
    ...{
      hash: contentHash.parse('0'.repeat(64)),
      kind,
      executable: false,
      bom: false,
      eol: 'lf',
      writeId: null,
      lines: null,
    },
  }
}

describe('the journal of a file', () => {
  test('any revision’s text follows from one stored text, forwards and backwards', async () => {
    const line = fc.constantFrom('a\n', 'b\n', '\n', 'long line of words\n', '🙂\n', 'no end')
    const texts = fc.array(
      fc.array(line, { maxLength: 8 }).map((lines) => lines.join('')),
      { minLength: 1, maxLength: 60, size: 'max' },
    )
    await fc.assert(
      fc.asyncProperty(texts, fc.nat(), async (versions, choice) => {
        const storage = openMemoryStorage()
        const journal = new FileJournal(storage)
        const stored = choice % versions.length
        let before = ''
        for (const [index, text] of versions.entries()) {
          await storage.commit([revisionRow(entry(index + 1, [...diff(before, text)]))])
          before = text
        }
        await storage.commit([textRow(id, stored + 1, versions[stored] ?? '')])
        for (const [index, text] of versions.entries()) expect(journal.text(id, index + 1)).toBe(text)
      }),
      { numRuns: 200 },
    )
  })

  test('no edits lead through bytes: texts before them follow from the beginning, those after from the first one there', async () => {
    const storage = openMemoryStorage()
    const journal = new FileJournal(storage)
    await storage.commit([
      revisionRow(entry(1, [{ at: 0, removed: '', added: 'a' }])),
      revisionRow(entry(2, [{ at: 1, removed: '', added: 'b' }])),
      revisionRow(entry(3, null, 'binary')),
      revisionRow(entry(4, null)),
      originRow(id, 4, 'c'),
      revisionRow(entry(5, [{ at: 1, removed: '', added: 'd' }])),
      revisionRow(entry(6, null, 'binary')),
      revisionRow(entry(7, null)),
      originRow(id, 7, 'e'),
      textRow(id, 7, 'e'),
    ])
    expect([1, 2, 3, 4, 5, 6, 7].map((rev) => journal.text(id, rev))).toEqual([
      ...['a', 'ab', undefined, 'c', 'cd', undefined, 'e'],
    ])
    expect(journal.text(fileId.parse('f_2'), 1)).toBeUndefined()
  })

  test('bytes are found by their hash', async () => {
    const storage = openMemoryStorage()
    const journal = new FileJournal(storage)
    const hash = contentHash.parse('a'.repeat(64))
    await storage.commit([blobRow(hash, new Uint8Array([1, 0, 2]))])
    expect(journal.content({ ...entry(1, null, 'binary'), hash }, id)).toEqual({
      kind: 'binary',
      bytes: new Uint8Array([1, 0, 2]),
    })
    expect(journal.content(entry(1, null, 'binary'), id)).toBeUndefined()
  })
})
