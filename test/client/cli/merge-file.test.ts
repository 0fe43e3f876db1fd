import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mergeFile, type MergeFileOptions } from '../../../client/cli/commands/merge-file.js'
import { sessionVerbs } from '../../../client/cli/session-program.js'
import { Print } from '../../../client/cli/print.js'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ensemble-merge-file-'))
})
afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

const put = (name: string, content: string | Uint8Array): void => {
  writeFileSync(join(dir, name), content)
}
const get = (name: string): string => readFileSync(join(dir, name), 'utf8')

interface Ran {
  readonly exit: number
  readonly stdout: Buffer
  readonly stderr: string
}

async function run(files: readonly string[], options: MergeFileOptions = {}, input = '', quiet = false): Promise<Ran> {
  const stdout = new PassThrough()
  const pieces: Buffer[] = []
  stdout.on('data', (piece: Buffer) => pieces.push(piece))
  let stderr = ''
  const errors = { write: (text: string) => (stderr += text) }
  const print = new Print({ stdout, stderr: errors, env: {}, colour: 'never', quiet, timers: globalThis })
  const stdin = Readable.from([Buffer.from(input)])
  const exit = await mergeFile(files, options, {
    ...{ print, cwd: dir, env: {}, stdin, stdout, allowsInput: false, now: () => 0, verbs: sessionVerbs },
  })
  stdout.end()
  return { exit, stdout: Buffer.concat(pieces), stderr }
}

const FILES = ['mine', 'base', 'yours']
function three(base: string, mine: string, yours: string): void {
  put('base', base)
  put('mine', mine)
  put('yours', yours)
}

describe('[MERGE-9] ensemble merge-file', () => {
  it('writes a clean merge into CURRENT, and ends with 0', async () => {
    three('a\nb\nc\nd\n', 'A1\nb\nc\nd\n', 'a\nb\nc\nD1\n')
    expect((await run(FILES)).exit).toBe(0)
    expect(get('mine')).toBe('A1\nb\nc\nD1\n')
    expect(readdirSync(dir).sort()).toEqual(['base', 'mine', 'yours'])
  })

  it('prints it with -p, to the byte, and leaves CURRENT as it is', async () => {
    three('a\r\nb\r\nc', '\ufeffa\r\nb\r\nc', 'a1\r\nb\r\nc')
    const { exit, stdout, stderr } = await run(FILES, { stdout: true })
    expect({ exit, stdout: stdout.toString(), stderr }).toEqual({ exit: 0, stdout: '\ufeffa1\r\nb\r\nc', stderr: '' })
    expect(get('mine')).toBe('\ufeffa\r\nb\r\nc')
  })

  it('ends with the number of conflicts, and names the sides by the files or by labels', async () => {
    three('a\nb\nc\nd\ne\n', 'X1\nb\nc\nd\nX2\n', 'Y1\nb\nc\nd\nY2\n')
    const { exit, stdout } = await run(FILES, { stdout: true, label: ['my side'], diff3: true })
    expect(exit).toBe(2)
    expect(stdout.toString()).toContain('<<<<<<< my side\nX1\n||||||| base\na\n=======\nY1\n>>>>>>> yours\nb\n')
  })

  it('counts no further than 127', async () => {
    const lines = (word: string): string =>
      Array.from({ length: 200 }, (_, i) => `${word}${i}\nkept ${i}\nkept too ${i}\n`).join('')
    three(lines('base'), lines('mine'), lines('yours'))
    expect((await run(FILES)).exit).toBe(127)
  })

  it('decides conflicts for a side when it is told to, and then there are none', async () => {
    three('a\nb\n', 'X1\nb\n', 'Y1\nb\n')
    expect((await run(FILES, { stdout: true, ours: true })).stdout.toString()).toBe('X1\nb\n')
    expect((await run(FILES, { stdout: true, theirs: true })).stdout.toString()).toBe('Y1\nb\n')
    const { exit, stdout } = await run(FILES, { stdout: true, union: true })
    expect({ exit, text: stdout.toString() }).toEqual({ exit: 0, text: 'X1\nY1\nb\n' })
  })

  it('keeps the mode of CURRENT, and follows a link to it', async () => {
    three('a\nb\nc\n', 'a\nb\nc\n', 'a\nb\nC1\n')
    chmodSync(join(dir, 'mine'), 0o777)
    symlinkSync('mine', join(dir, 'link'))
    await run(['link', 'base', 'yours'])
    expect(lstatSync(join(dir, 'link')).isSymbolicLink()).toBe(true)
    expect(get('mine')).toBe('a\nb\nC1\n')
    expect(statSync(join(dir, 'mine')).mode & 0o777).toBe(0o777)
  })

  it('does not touch CURRENT where the result is what it holds', async () => {
    three('a\n', 'a1\n', 'a\n')
    const before = statSync(join(dir, 'mine'), { bigint: true })
    await run(FILES)
    expect(statSync(join(dir, 'mine'), { bigint: true })).toMatchObject({ ino: before.ino, mtimeNs: before.mtimeNs })
  })

  it('merges bytes that are no UTF-8 line by line, to the byte', async () => {
    const latin = (text: string): Buffer => Buffer.from(text, 'latin1')
    put('base', latin('ä one\nb\nc\nü\n'))
    put('mine', latin('ö one\nb\nc\nü\n'))
    put('yours', latin('ä one\nb\nc\nß\n'))
    expect((await run(FILES, { stdout: true })).stdout).toEqual(latin('ö one\nb\nc\nß\n'))
  })

  it.each([
    ['a file with NUL bytes', () => put('yours', 'a\0b'), 'E_NOT_TEXT', 'Cannot merge binary files: yours.'],
    ['a missing CURRENT', () => rmSync(join(dir, 'mine')), 'E_NOT_FOUND', 'Could not read mine: it does not exist.'],
  ])('refuses %s, and writes nothing', async (_, spoil, code, message) => {
    three('a\n', 'b\n', 'c\n')
    spoil()
    await expect(run(FILES)).rejects.toMatchObject({ code, message })
    expect(readdirSync(dir)).not.toContainEqual(expect.stringContaining('.ensemble-tmp-'))
  })

  it.each([
    [['mine', 'base'], {}, 'Three files were expected, CURRENT BASE OTHER, not 2.'],
    [FILES, { label: ['1', '2', '3', '4'] }, 'There are three labels at most: for CURRENT, BASE and OTHER.'],
    [FILES, { batch: '-' }, '--batch takes its texts from the cases: no files are named besides.'],
  ])('called as %j %j says what was expected', async (files, options, message) => {
    three('a\n', 'a\n', 'a\n')
    await expect(run(files, options)).rejects.toMatchObject({ code: 'E_USAGE', message })
  })
})

describe('[MERGE-8] what merges softly is noted', () => {
  beforeEach(() => {
    three('a\nbb cc\nd\ne\nf\ng\nh\n', 'a\nBB cc\nd\ne\nf\nX1\nh\n', 'a\nbb CC\nd\ne\nf\nY1\nH1\n')
  })

  it('on standard error, with the lines of the text that is written', async () => {
    const { exit, stderr } = await run(FILES, { path: 'src/a.ts' })
    expect(exit).toBe(1)
    expect(get('mine').split('\n')[1]).toBe('BB CC')
    expect(stderr.split('\n')[0]).toBe('src/a.ts:2: both sides changed different words of a line')
  })

  it('not with -q', async () => {
    expect((await run(FILES, {}, '', true)).stderr).toBe('')
  })

  it('below markers, with the lines that it has there', async () => {
    three('a\nb\nc\nd\nbb cc\n', 'X1\nb\nc\nd\nBB cc\n', 'Y1\nb\nc\nd\nbb CC\n')
    const { stderr } = await run(FILES)
    expect(get('mine').split('\n')[8]).toBe('BB CC')
    expect(stderr).toBe('mine:9: both sides changed different words of a line\n')
  })

  it('with --json, each with its class and its place in all four texts', async () => {
    const { stdout } = await run(FILES, { json: true, stdout: true })
    const { schema, conflicts, written, text, hunks } = JSON.parse(stdout.toString()) as Record<string, unknown>
    expect({ schema, conflicts, written }).toEqual({ schema: 'ensemble.merge/1', conflicts: 1, written: false })
    expect(text).toContain('BB CC')
    const line = { fromLine: 1, toLine: 2, from: 2, to: 8 }
    expect(hunks).toContainEqual({
      ...{ kind: 'soft', reason: 'tokens', base: line, ours: line, theirs: line, text: line },
      ...{ baseText: 'bb cc\n', oursText: 'BB cc\n', theirsText: 'bb CC\n' },
    })
  })
})

describe('merge-file --batch', () => {
  const cases = [
    { id: 'one', base: 'a\n', ours: 'b\n', theirs: 'a\n', result: 'b\n' },
    { id: 2, base: 'a\u2028\n', ours: 'b\n', theirs: 'c\n' },
  ]
  const lines = cases.map((one) => `${JSON.stringify(one)}\n`).join('')
  const answers = ({ stdout }: Ran): unknown[] =>
    stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)

  it.each([
    ['a file', 'cases.jsonl', (): void => put('cases.jsonl', lines)],
    ['a gzipped one', 'cases.jsonl.gz', (): void => put('cases.jsonl.gz', gzipSync(lines))],
    ['one without a last line end, and with blank lines', 'cut', (): void => put('cut', `\n${lines.trimEnd()}`)],
    ['standard input', '-', (): void => undefined],
  ])('answers each line of %s', async (_, batch, make) => {
    make()
    const ran = await run([], { batch }, batch === '-' ? lines : '')
    expect(ran.exit).toBe(0)
    expect(answers(ran)).toMatchObject([
      { id: 'one', conflicts: 0, text: 'b\n', hunks: [{ kind: 'ours' }] },
      { id: 2, conflicts: 1, text: 'b\n', hunks: [{ kind: 'hard', oursText: 'b\n', theirsText: 'c\n' }] },
    ])
  })

  it.each([
    ['{"id":1,"base":"a","ours":"a"}', 'the field "theirs" is missing'],
    ['{"id":1,"base":"a","ours":"a","theirs":null}', 'the field "theirs" is not a text'],
    ['{"id":null,"base":"a","ours":"a","theirs":"a"}', 'the field "id" is not a text or a number'],
    ['{"id":1,"base":', 'this is no JSON'],
    ['[]', 'this is no object'],
    ['7', 'this is no object'],
  ])('names the line of %s', async (line, what) => {
    put('cases', `${lines}${line}\n`)
    await expect(run([], { batch: 'cases' })).rejects.toMatchObject({
      code: 'E_BAD_REQUEST',
      message: `cases, line 3: ${what}.`,
    })
  })

  it('says so if a line is not UTF-8, if the file ends too soon, or if there is none', async () => {
    put('cases', Buffer.from([0x22, 0xff, 0x22, 10]))
    await expect(run([], { batch: 'cases' })).rejects.toThrow('cases, line 1: this is not UTF-8.')
    put('cut.gz', gzipSync(lines).subarray(0, 40))
    await expect(run([], { batch: 'cut.gz' })).rejects.toThrow(
      'cut.gz cannot be read to its end: unexpected end of file.',
    )
    await expect(run([], { batch: 'none' })).rejects.toThrow('none cannot be read: it does not exist.')
    await expect(run([], { batch: '.' })).rejects.toThrow('. cannot be read: it is a folder.')
  })
})
