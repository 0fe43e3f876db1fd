import { describe, expect, test } from 'vitest'
import { bytesOf, fromWire } from '../../../server/documents/content.js'
import { HistoryService } from '../../../server/journal/history-service.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { asBytes, asText, at, by, CLAUDE, CODEX, openStore, remove, write } from '../documents/harness.js'

function open(storage = new FailingStorage()) {
  const opened = openStore(storage)
  const { files, queue, clock } = opened
  const history = new HistoryService({ files, storage, queue, now: clock.now, defer: (run) => void setImmediate(run) })
  return { ...opened, history, storage }
}

const a = at('a.ts')

describe('the history of a file', () => {
  test('[HISTORY-1] lists revisions newest first, with who changed how much, in pages that join', async () => {
    const { files, history, clock } = open()
    let { head } = await write(files, 'a.ts', 'one\ntwo\n', null, CLAUDE)
    await clock.advance(1000)
    for (const text of ['one more\ntwo\n', 'one more\ntwo\nthree\nfour\n', 'one more\n']) {
      ;({ head } = await write(files, 'a.ts', text, head, CODEX))
    }
    await remove(files, 'a.ts', head, CLAUDE)
    const whole = await history.history({ path: a })
    expect(whole.next).toBeNull()
    expect(whole.head).toMatchObject({ deleted: true, rev: 5 })
    expect(whole.entries.map(({ rev, author, change, lines }) => [rev, author, change, lines])).toEqual([
      [5, CLAUDE, 'deleted', { added: 0, removed: 1 }],
      [4, CODEX, 'modified', { added: 0, removed: 3 }],
      [3, CODEX, 'modified', { added: 2, removed: 0 }],
      [2, CODEX, 'modified', { added: 1, removed: 1 }],
      [1, CLAUDE, 'created', { added: 2, removed: 0 }],
    ])
    const first = await history.history({ path: a, limit: 2 })
    const second = await history.history({ path: a, limit: 2, before: first.next ?? 0 })
    const third = await history.history({ path: a, limit: 2, before: second.next ?? 0 })
    expect([...first.entries, ...second.entries, ...third.entries]).toEqual(whole.entries)
    expect(third.next).toBeNull()
    const own = await history.history({ path: a, author: CLAUDE, limit: 1 })
    expect([own.entries.map(({ rev }) => rev), own.next]).toEqual([[5], 2])
    expect((await history.history({ path: a, author: CLAUDE, before: 2 })).entries.map(({ rev }) => rev)).toEqual([1])
    expect((await history.history({ path: a, author: by('git') })).entries).toEqual([])
  })

  test('[HISTORY-2] every version comes back byte for byte: line ends, a byte-order mark, bytes in between', async () => {
    const { files, history, storage } = open()
    const versions = [
      asText('one\ntwo\n'),
      asText('one\nTWO\n', { bom: true, eol: 'crlf' }),
      asText('one\r\nTWO\nthree', { bom: true }),
      asBytes(0, 1, 2, 255),
      asBytes(0),
      asText('🙂\n', { eol: 'crlf' }),
      asText('🙂\nagain\n', { eol: 'crlf' }),
    ]
    let head = null
    for (const content of versions) ({ head } = await write(files, 'a.ts', content, head, CLAUDE))
    const again = open(storage).history // as after a restart
    for (const service of [history, again]) {
      for (const [index, content] of versions.entries()) {
        const { entry, content: found } = await service.version({ path: a, rev: index + 1 })
        expect(entry.rev).toBe(index + 1)
        expect(found).toEqual(content)
        expect(found === null ? null : bytesOf(fromWire(found))).toEqual(bytesOf(fromWire(content)))
      }
    }
    expect((await history.version({ path: a, rev: 7 })).entry.edits).toEqual([{ at: 3, removed: '', added: 'again\n' }])
    expect((await history.blame({ path: a })).lines.map(({ rev }) => rev)).toEqual([6, 7])
  })

  test('[HISTORY-2] any of several hundred versions, near the one that is stored whole or not', async () => {
    const { files, history } = open()
    const document = await files.open(a)
    const texts = ['']
    for (let n = 1; n <= 450; n++) {
      document.live.transact(CODEX, (doc) => {
        const text = doc.getText('content')
        text.insert((n * 7) % (text.length + 1), `${n}\n`)
      })
      await document.live.flushed()
      texts.push(document.text)
    }
    for (const rev of [1, 2, 199, 200, 201, 202, 300, 402, 449, 450]) {
      expect((await history.version({ path: a, rev })).content).toEqual(asText(texts[rev] ?? ''))
    }
  })

  test('[HISTORY-3] blame is of the head, of an earlier revision, and of some lines', async () => {
    const { files, history } = open()
    const { head } = await write(files, 'a.ts', 'one\ntwo\nthree\n', null, CLAUDE)
    await write(files, 'a.ts', 'one\ntwo!\nthree\n', head, CODEX)
    const { lines, ...rest } = await history.blame({ path: a })
    expect(rest).toEqual({ path: a, rev: 2, count: 3, next: null })
    expect(lines.map(({ line, text, rev, author }) => [line, text, rev, author])).toEqual([
      [1, 'one', 1, CLAUDE],
      [2, 'two!', 2, CODEX],
      [3, 'three', 1, CLAUDE],
    ])
    expect(lines[1]?.authors).toEqual([CODEX, CLAUDE])
    expect((await history.blame({ path: a, rev: 1 })).lines.map(({ author }) => author)).toEqual([
      CLAUDE,
      CLAUDE,
      CLAUDE,
    ])
    expect((await history.blame({ path: a, from: 2, to: 9 })).lines.map(({ line }) => line)).toEqual([2, 3])
  })

  test('[HISTORY-3] a long file is blamed in parts that join', async () => {
    const { files, history } = open()
    await write(files, 'a.ts', 'x\n'.repeat(7_001))
    const first = await history.blame({ path: a })
    expect([first.lines.length, first.next]).toEqual([5_000, 5_001])
    const second = await history.blame({ path: a, from: first.next ?? 0 })
    expect([second.lines.length, second.lines.at(-1)?.line, second.next]).toEqual([2_001, 7_001, null])
  })

  test.each([
    ['a file that never was', (h: HistoryService) => h.history({ path: at('b.ts') }), 'E_NOT_FOUND', 'never was one'],
    ['a revision to come', (h: HistoryService) => h.version({ path: a, rev: 9 }), 'E_NOT_FOUND', 'its newest is 2'],
    ['blame of bytes', (h: HistoryService) => h.blame({ path: a, rev: 2 }), 'E_NOT_TEXT', 'is not text'],
    ['lines past the end', (h: HistoryService) => h.blame({ path: a, rev: 1, from: 3 }), 'E_NOT_FOUND', 'no line 3'],
    [
      'lines backwards',
      (h: HistoryService) => h.blame({ path: a, rev: 1, from: 2, to: 1 }),
      'E_BAD_REQUEST',
      'are none',
    ],
  ])('%s is refused in words', async (_, ask, code, words) => {
    const { files, history } = open()
    const { head } = await write(files, 'a.ts', 'one\ntwo\n')
    await write(files, 'a.ts', asBytes(0, 1), head)
    await expect(ask(history)).rejects.toMatchObject({ code, message: expect.stringContaining(words) as unknown })
  })

  test('a deleted file has a history, an empty one no lines, and blame of a deletion says where the text is', async () => {
    const { files, history } = open()
    const { head } = await write(files, 'a.ts', '')
    expect(await history.blame({ path: a })).toMatchObject({ count: 0, lines: [], next: null })
    await remove(files, 'a.ts', head)
    expect(await history.version({ path: a, rev: 2 })).toMatchObject({ entry: { change: 'deleted' }, content: null })
    await expect(history.blame({ path: a })).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
      hint: 'What it held is "ensemble show a.ts@1".',
    })
  })
})
