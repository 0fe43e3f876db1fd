import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { Heads } from '../../../client/bridge/heads.js'
import type { FileHead } from '../../../protocol/files.js'
import { author, contentHash, fileId } from '../../../protocol/ids.js'
import { workspacePath } from '../../../protocol/paths.js'
import { diff } from '../../../protocol/text/diff.js'

const hash = (text: string) => contentHash.parse(createHash('sha256').update(text).digest('hex'))

function head(rev: number, text: string, facts: Partial<FileHead> = {}): FileHead {
  return {
    ...{ id: fileId.parse('f'), path: workspacePath.parse('f.txt'), kind: 'text', deleted: false, executable: false },
    ...{
      bom: false,
      eol: 'lf',
      rev,
      hash: hash(text),
      size: text.length,
      seq: rev,
      author: author.parse('PEER'),
      time: 0,
    },
    ...facts,
  }
}
const bytes = (text: string): Uint8Array => Buffer.from(text)
const text = (made: Uint8Array | undefined): string | undefined => made && Buffer.from(made).toString()

test('the newest head counts, in whatever order they come', () => {
  const heads = new Heads()
  expect(heads.follow(head(2, 'two'), null)).toBe(true)
  expect(heads.learn(head(1, 'one'))).toBe(false)
  expect(heads.follow(head(1, 'one'), null)).toBe(false)
  expect(heads.follow(head(2, 'two'), null)).toBe(false)
  expect(heads.get('f.txt')?.rev).toBe(2)
  expect(heads.learn(head(3, 'three'))).toBe(true)
})

test('a head is made of any version that its edits came by', () => {
  const heads = new Heads()
  const versions = ['one', 'one two', 'one two three', 'two three']
  for (const [index, version] of versions.entries()) {
    if (index > 0) heads.follow(head(index + 1, version), diff(versions[index - 1]!, version))
  }
  for (const [index, version] of versions.slice(0, 3).entries()) {
    const from = { rev: index + 1, hash: hash(version) }
    expect(text(heads.make(head(4, 'two three'), from, bytes(version)))).toBe('two three')
  }
  expect(heads.make(head(4, 'two three'), { rev: 7, hash: hash('x') }, bytes('x'))).toBeUndefined()
})

test('a head is made of what was written here, by the edits of the reply', () => {
  const heads = new Heads()
  heads.merged(head(5, 'mine and theirs'), hash('mine'), diff('mine', 'mine and theirs'))
  heads.follow(head(6, 'mine and theirs!'), diff('mine and theirs', 'mine and theirs!'))
  const made = heads.make(head(6, 'mine and theirs!'), { rev: 0, hash: hash('mine') }, bytes('mine'))
  expect(text(made)).toBe('mine and theirs!')
})

test('what does not come out with the head’s hash is not made', () => {
  const heads = new Heads()
  heads.follow(head(2, 'other than the edits say'), diff('one', 'two'))
  expect(heads.make(head(2, 'other than the edits say'), { rev: 1, hash: hash('one') }, bytes('one'))).toBeUndefined()
  expect(heads.make(head(2, 'two'), { rev: 1, hash: hash('one') }, bytes('not one'))).toBeUndefined()
})

test('[BRIDGE-13] a head is made with its byte-order mark and line ends', () => {
  const heads = new Heads()
  const disk = '\uFEFFa\r\nb\r\n'
  heads.follow(head(2, disk, { bom: true, eol: 'crlf' }), diff('a\n', 'a\nb\n'))
  const made = heads.make(heads.get('f.txt')!, { rev: 1, hash: hash('a\r\n') }, bytes('a\r\n'))
  expect(text(made)).toBe(disk)
})

test('edits are kept within bounds, and forgotten when told so, when one is missing, and with a head without', () => {
  const heads = new Heads()
  heads.follow(head(2, 'b'), diff('a', 'b'))
  expect(heads.hasEdits('f.txt')).toBe(true)
  heads.dropEdits('f.txt')
  expect(heads.hasEdits('f.txt')).toBe(false)
  for (let rev = 3; rev < 67; rev++) heads.follow(head(rev, `${rev}`), diff(`${rev - 1}`, `${rev}`))
  expect(heads.hasEdits('f.txt')).toBe(true)
  heads.follow(head(67, '67'), diff('66', '67'))
  expect(heads.hasEdits('f.txt')).toBe(false)
  heads.follow(head(68, '68'), diff('67', '68'))
  heads.follow(head(70, '70'), diff('69', '70'))
  expect(heads.make(head(70, '70'), { rev: 67, hash: hash('67') }, bytes('67'))).toBeUndefined()
  heads.follow(head(71, '71'), null)
  expect(heads.hasEdits('f.txt')).toBe(false)
  heads.follow(head(72, '72', { deleted: true }), diff('71', '72'))
  expect(heads.hasEdits('f.txt')).toBe(false)
})
