import { describe, expect, test } from 'vitest'
import { DEFAULT_CONFIG, parseConfig } from '../../../protocol/config.js'
import { FreeDocuments } from '../../../server/documents/free-documents.js'
import { MERGE_ALL, mergeRules } from '../../../server/documents/merge-policy.js'
import { Rooms } from '../../../server/sync/rooms.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { stillTime, turn } from '../../support/manual-clock.js'
import { StockPeer } from '../sync/stock-peer.js'
import { at, CODEX, openStore, textOf, write } from './harness.js'

const rulesOf = (merge: unknown) => mergeRules(parseConfig(JSON.stringify({ merge })).merge)

describe('what is merged where', () => {
  test('[MERGE-13] all of it, as long as nobody says otherwise', () => {
    expect(mergeRules(DEFAULT_CONFIG.merge)(at('src/a.ts'))).toEqual(MERGE_ALL)
  })

  test('[MERGE-13] kinds are held everywhere, or in the files of a glob', () => {
    const rules = rulesOf({
      soft: ['insertions', 'adjacent'],
      hold: [{ paths: ['migrations', '**/*.{sql,lock}'] }, { paths: ['src/**'], soft: ['adjacent'] }],
    })
    const nothing = { insertions: false, adjacent: false, tokens: false }
    expect(rules(at('README.md'))).toEqual({ insertions: true, adjacent: true, tokens: false })
    expect(rules(at('src/a.ts'))).toEqual({ insertions: true, adjacent: false, tokens: false })
    for (const path of ['migrations/1.ts', 'src/b.sql', 'yarn.lock']) expect(rules(at(path))).toEqual(nothing)
  })

  test('[MERGE-13] a glob that is none is refused', () => {
    expect(() => rulesOf({ hold: [{ paths: ['/a'] }] })).toThrow(/merge\.hold\.0\.paths\.0/)
    expect(() => rulesOf({ soft: ['everything'] })).toThrow(/merge\.soft\.0/)
  })

  test.each([
    ['a.ts', 'merged', 'let a = 2, c = 2\n', []],
    ['a.sql', 'conflict', 'let a = 2, c = 1\n', ['let a = 1, c = 2\n']],
  ])(
    '[MERGE-13] two words of one line of %s, by a write and by a peer that rejoins',
    async (path, outcome, text, held) => {
      const storage = new FailingStorage()
      const { files, queue } = openStore(storage, { mergeRules: rulesOf({ hold: [{ paths: ['*.sql'] }] }) })
      const defer = (run: () => void): void => void setImmediate(run)
      const free = new FreeDocuments({ storage, queue, serverClient: 9, defer })
      const rooms = new Rooms({ files, free, defer, ...stillTime() })
      const settle = async (): Promise<void> => {
        do {
          while (peer.hasPost) peer.give()
          while (peer.hasMail) peer.take()
          await turn()
          await turn()
        } while (peer.hasPost || peer.hasMail)
      }
      const { head } = await write(files, path, 'let a = 1, c = 1\n')
      const peer = new StockPeer(11, CODEX)
      await peer.connect(rooms, path)
      await settle()
      peer.cut()
      await write(files, path, 'let a = 2, c = 1\n', head)
      const written = await write(files, path, 'let a = 1, c = 2\n', head)
      expect(written.outcome).toBe(outcome)
      expect(await textOf(files, path)).toBe(text)
      const theirs = (): unknown[] => files.openConflicts.map((conflict) => conflict.theirs)
      expect(theirs()).toEqual(held)
      peer.text.delete(15, 1)
      peer.text.insert(15, '2')
      await peer.connect(rooms, path)
      await settle()
      expect(await textOf(files, path)).toBe(text)
      expect(theirs()).toEqual([...held, ...held])
    },
  )
})
