import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { CONTENT_ROOT } from '../../../protocol/document.js'
import type { FileHead } from '../../../protocol/files.js'
import { isApart } from '../../../server/documents/apart.js'
import { questionOf } from '../../../server/documents/decide-update.js'
import { deletedIn } from '../../../server/documents/id-ranges.js'
import { mergeRules } from '../../../server/documents/merge-policy.js'
import { peerTexts, sharedDeletions } from '../../../server/documents/peer-texts.js'
import { unseenBy, type Sender } from '../../../server/documents/sight.js'
import { Steps, type Step, type StepWriter } from '../../../server/documents/steps.js'
import { config } from '../../../protocol/config.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import { at, openStore, write } from './harness.js'
import { FailingStorage } from '../../support/failing-storage.js'

interface Edit {
  readonly at: number
  readonly remove: number
  readonly put: string
}

/** Whether the two ways agree, and what the short one said. */
interface Finding {
  readonly apart: boolean
  readonly asks: boolean
}

/**
 * A peer edits what it last saw, while others edited the same text.
 * @param own what the peer did since then, before its update; that is on its way, too
 */
function meet(
  head: FileHead,
  before: readonly Edit[],
  others: readonly Edit[],
  own: readonly Edit[],
  last: Edit,
): Finding {
  const here = new Y.Doc()
  const text = here.getText(CONTENT_ROOT)
  const steps = new Steps(openMemoryStorage(), 'f')
  const peer = new Y.Doc()
  const other = new Y.Doc()
  let writer: StepWriter = { source: null, client: null }
  let step: Step | undefined
  here.on('afterTransaction', (transaction) => {
    step = steps.note(transaction, text, 1, writer) ?? step
  })
  const bring = (from: Y.Doc): Uint8Array => {
    writer = { source: from, client: from.clientID }
    step = undefined
    const update = Y.encodeStateAsUpdate(from, Y.encodeStateVector(here))
    const sent = changes.get(from)?.shift() ?? update
    Y.applyUpdate(here, sent)
    return sent
  }
  const changes = new Map<Y.Doc, Uint8Array[]>([
    [peer, []],
    [other, []],
  ])
  for (const [doc, list] of changes) {
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'sync') list.push(update)
    })
  }
  for (const edit of before) {
    make(other, edit)
    bring(other)
  }
  Y.applyUpdate(peer, Y.encodeStateAsUpdate(here), 'sync')
  const seen = steps.last
  others.forEach((edit, n) => {
    make(other, edit)
    bring(other)
    const mine = own[n]
    if (mine === undefined) return
    make(peer, mine)
    bring(peer)
    Y.applyUpdate(other, Y.encodeStateAsUpdate(here), 'sync')
  })
  make(peer, last)
  const update = bring(peer)
  const sender: Sender = { source: peer, client: peer.clientID, isAnswer: false, sight: { kind: 'live', seen } }
  const decoded = Y.decodeUpdate(update)
  const deleted = deletedIn(decoded)
  const unseen = unseenBy(sender, steps, deleted, 0)
  const did = step ?? { inserted: [], deleted: [] }
  const texts = peerTexts(text, unseen, did, deleted)
  const since = steps.since(seen, peer)
  const rules = mergeRules(config.parse({}).merge)(head.path)
  const question = questionOf({ head, stood: { ...head, text: texts.ours } }, texts, false, rules, text.toJSON())
  return {
    apart: isApart(text, since, did, decoded.ds.clients.size > 0),
    asks: question !== undefined || sharedDeletions(unseen, deleted).length > 0,
  }
}

function make(doc: Y.Doc, { at: place, remove, put }: Edit): void {
  const text = doc.getText(CONTENT_ROOT)
  const from = Math.min(place, text.length)
  doc.transact(() => {
    text.delete(from, Math.min(remove, text.length - from))
    text.insert(from, put)
  })
}

const edit = fc.record({
  at: fc.nat({ max: 12 }),
  remove: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 4 })),
  put: fc.constantFrom('', 'a', 'b', 'ab', 'aba'),
})
const edits = (max: number) => fc.array(edit, { maxLength: max })

const standing = async (): Promise<FileHead> => {
  const { files } = openStore(new FailingStorage())
  await write(files, 'a.ts', 'one\n')
  const head = files.head(at('a.ts'))
  if (!head) throw new Error('it was written')
  return head
}

describe('what lies apart', () => {
  test('[SYNC-18] is only what the whole texts show to lie apart', async () => {
    const head = await standing()
    const found = { short: 0, asked: 0 }
    fc.assert(
      fc.property(edits(4), edits(4), edits(2), edit, (before, others, own, last) => {
        const start = { at: 0, remove: 0, put: 'abcdefghijkl' }
        const { apart, asks } = meet(head, [start, ...before], others, own, last)
        if (apart) found.short++
        if (asks) found.asked++
        return !(apart && asks)
      }),
      { numRuns: 400 },
    )
    expect(found.short).toBeGreaterThan(60)
    expect(found.asked).toBeGreaterThan(5)
  })

  test('[SYNC-18] two who type, or where one deletes, are found to lie apart without the whole text', async () => {
    const head = await standing()
    const start = [{ at: 0, remove: 0, put: 'abcdefghijkl' }]
    const type = (place: number, put = 'x'): Edit => ({ at: place, remove: 0, put })
    const erase = (place: number): Edit => ({ at: place, remove: 2, put: '' })
    const apart = (others: readonly Edit[], last: Edit): boolean => meet(head, start, others, [], last).apart
    expect(apart([type(3)], type(8))).toBe(true)
    expect(apart([type(3)], type(3))).toBe(true)
    expect(apart([erase(3)], type(8))).toBe(true)
    expect(apart([type(3)], erase(8))).toBe(true)
    expect(apart([type(3, 'same')], type(3, 'same'))).toBe(false)
    expect(apart([erase(3)], type(4))).toBe(false)
    expect(apart([type(4)], erase(3))).toBe(false)
    expect(apart([erase(3)], erase(8))).toBe(false) // it has to be noted who deleted what
  })
})
