import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BaseStore, type Change } from '../../../client/bridge/base-store.js'
import { SYSTEM } from '../../../client/bridge/environment.js'
import { hashOf } from '../../../client/bridge/reader.js'
import type { BaseRow, PendingRow } from '../../../client/bridge/rows.js'
import { fileId, workspaceId, writeId } from '../../../protocol/ids.js'
import { Folder } from '../../support/bridge-folder.js'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const content = (text: string): Change => ({ table: 'contents', key: hashOf(bytes(text)), row: bytes(text) })
const base = (text: string, facts: Partial<BaseRow> = {}): BaseRow => ({
  ...{ fileId: fileId.parse('f'), kind: 'text', standing: 'live', rev: 1, hash: hashOf(bytes(text)) },
  ...{ executable: false, stamp: 's', earlier: [] },
  ...facts,
})
const pending = (text: string): PendingRow => ({
  ...{ kind: 'write', writeId: writeId.parse('w'), base: null, hash: hashOf(bytes(text)), executable: false },
})
const text = (store: BaseStore, of: string): string | undefined => {
  const found = store.content(hashOf(bytes(of)))
  return found && Buffer.from(found).toString()
}

let folder: Folder
let stores: BaseStore[]
let givenBackAfter: number | undefined

function open(): BaseStore {
  const store = new BaseStore({
    ...{ dir: folder.root, timers: SYSTEM.timers, onFailure: () => undefined },
    ...(givenBackAfter === undefined ? {} : { givenBackAfter }),
  })
  stores.push(store)
  return store
}

describe.each([
  ['the store of a bridge', undefined],
  ['the store of a bridge that gives its memory back after every look', 1],
])('%s', (_name, after) => {
  beforeEach(() => {
    givenBackAfter = after
    folder = new Folder()
    stores = []
  })

  afterEach(async () => {
    for (const store of stores) await store.close()
  })

  test('[BRIDGE-7] holds after its process what was committed, and shows it to readers at once', async () => {
    const store = open()
    const done = store.commit([
      content('one'),
      { table: 'bases', key: 'f.txt', row: base('one') },
      { table: 'pendings', key: 'g.txt', row: pending('one') },
      { table: 'meta', row: { workspaceId: workspaceId.parse('w') } },
    ])
    expect(store.bases.get('f.txt')).toEqual(base('one'))
    expect(text(store, 'one')).toBe('one')
    await done
    await store.close()
    const again = open()
    expect(again.bases.get('f.txt')).toEqual(base('one'))
    expect(again.pendings.get('g.txt')).toEqual(pending('one'))
    expect(again.meta.workspaceId).toBe('w')
    expect(again.live).toBe(1)
    expect(text(again, 'one')).toBe('one')
  })

  test('keeps a content while a row names it, and no longer', async () => {
    const store = open()
    await store.commit([content('one'), { table: 'pendings', key: 'f.txt', row: pending('one') }])
    await store.commit([
      { table: 'pendings', key: 'f.txt', row: null },
      { table: 'bases', key: 'f.txt', row: base('one') },
    ])
    expect(text(store, 'one')).toBe('one')
    const earlier = [{ rev: 1, hash: hashOf(bytes('one')) }]
    await store.commit([content('two'), { table: 'bases', key: 'f.txt', row: base('two', { earlier }) }])
    expect([text(store, 'one'), text(store, 'two')]).toEqual(['one', 'two'])
    await store.commit([{ table: 'bases', key: 'f.txt', row: base('two') }])
    await store.commit([])
    expect([text(store, 'one'), text(store, 'two')]).toEqual([undefined, 'two'])
  })

  test('keeps a content that is named again while it is being removed', async () => {
    const store = open()
    for (let round = 0; round < 50; round++) {
      void store.commit([content('one'), { table: 'bases', key: 'f.txt', row: base('one') }])
      if (round % 2 === 0) await Promise.resolve()
      if (round % 3 === 0) await store.commit([])
      void store.commit([content('two'), { table: 'bases', key: 'f.txt', row: base('two') }])
      if (round % 5 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await store.commit([content('one'), { table: 'bases', key: 'f.txt', row: base('one') }])
    await store.close()
    const again = open()
    expect([text(again, 'one'), text(again, 'two')]).toEqual(['one', undefined])
  })

  test('keeps no content of a base that is not text', async () => {
    const store = open()
    await store.commit([content('bytes'), { table: 'bases', key: 'f', row: base('bytes', { kind: 'binary' }) }])
    await store.commit([])
    await store.sweep()
    await store.commit([])
    expect(text(store, 'bytes')).toBeUndefined()
  })

  test('sweeps contents that a crash left behind', async () => {
    const store = open()
    await store.commit([content('kept'), { table: 'bases', key: 'f.txt', row: base('kept') }, content('orphan')])
    await store.close()
    const again = open()
    await again.sweep(1)
    await again.commit([])
    expect([text(again, 'kept'), text(again, 'orphan')]).toEqual(['kept', undefined])
  })

  test('[BRIDGE-4] only a live base counts as a file that was on this disk', async () => {
    const store = open()
    await store.commit([
      { table: 'bases', key: 'a', row: base('a') },
      { table: 'bases', key: 'b', row: base('b', { standing: 'text' }) },
    ])
    expect(store.live).toBe(1)
    await store.commit([{ table: 'bases', key: 'b', row: base('b') }])
    expect(store.live).toBe(2)
    await store.commit([{ table: 'bases', key: 'a', row: null }])
    expect(store.live).toBe(1)
  })
})
