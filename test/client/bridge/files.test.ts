import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { describe, expect, test } from 'vitest'
import { FakeServer } from '../../support/bridge-fake-server.js'
import { Folder } from '../../support/bridge-folder.js'
import { until } from '../../support/wait.js'

const mode = (folder: Folder, path: string): number => statSync(folder.of(path)).mode & 0o777

describe('[NASTY-12, BRIDGE-13] what a file is made of comes to the other folder', () => {
  test.each([
    ['byte-order mark', Buffer.from('\uFEFFone\ntwo\n')],
    ['CRLF', Buffer.from('one\r\ntwo\r\n')],
    ['mixed line ends', Buffer.from('one\r\ntwo\nthree\r')],
    ['no final newline', Buffer.from('one\ntwo')],
    ['nothing', Buffer.from('')],
    ['NUL', Buffer.from('one\0two')],
    ['Latin-1', Buffer.from([0x63, 0x61, 0x66, 0xe9])],
    ['UTF-16', Buffer.from('\uFEFFone', 'utf16le')],
    ['emoji', Buffer.from('👩‍👩‍👧‍👦 and 🇩🇪\n')],
    ['every byte', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
  ])('%s', async (_what, bytes) => {
    const server = new FakeServer()
    const a = new Folder()
    const b = new Folder()
    a.write('file', bytes)
    a.write('other.txt', 'other\n')
    await a.synced(server.connect())
    await b.synced(server.connect())
    expect(readFileSync(b.of('file'))).toEqual(bytes)
    const { mtimeMs, ino } = statSync(a.of('file'))
    a.write('other.txt', 'changed\n')
    await b.holds('other.txt', 'changed\n')
    expect(statSync(a.of('file'))).toMatchObject({ mtimeMs, ino }) // never rewritten
  })

  test('the executable bit, given and taken', async () => {
    const server = new FakeServer()
    const a = new Folder()
    const b = new Folder()
    a.write('run.sh', '#!/bin/sh\n', 0o755)
    a.write('text.txt', 'text\n', 0o644)
    await a.synced(server.connect())
    await b.synced(server.connect())
    expect(mode(b, 'run.sh') & 0o100).toBe(0o100)
    expect(mode(b, 'text.txt') & 0o111).toBe(0)
    chmodSync(a.of('run.sh'), 0o644)
    chmodSync(a.of('text.txt'), 0o744)
    await until(() => (mode(b, 'run.sh') & 0o111) === 0 && (mode(b, 'text.txt') & 0o100) !== 0)
    expect(b.texts()).toEqual(a.texts())
  })

  test('a file keeps the mode that it has here', async () => {
    const server = new FakeServer()
    const a = new Folder()
    a.write('secret.txt', 'secret\n', 0o600)
    a.write('read-only.txt', 'read\n', 0o444)
    a.write('open.sh', 'open\n', 0o777)
    chmodSync(a.of('open.sh'), 0o777)
    await a.synced(server.connect())
    for (const path of ['secret.txt', 'read-only.txt', 'open.sh']) server.edit(path, 'changed\n')
    for (const path of ['secret.txt', 'read-only.txt', 'open.sh']) await a.holds(path, 'changed\n')
    expect([mode(a, 'secret.txt'), mode(a, 'read-only.txt'), mode(a, 'open.sh')]).toEqual([0o600, 0o444, 0o777])
  })

  test('a file of 3 MB and one of bytes, changed on both sides', async () => {
    const server = new FakeServer()
    const a = new Folder()
    const large = 'a line of a large file\n'.repeat(140_000)
    a.write('large.txt', large)
    a.write('bytes', Buffer.alloc(600_000, 7))
    await a.synced(server.connect())
    server.edit('large.txt', `first\n${large}`)
    server.edit('bytes', Buffer.alloc(600_000, 8))
    await until(() => a.read('large.txt') === `first\n${large}`)
    await until(() => readFileSync(a.of('bytes'))[0] === 8)
    a.write('large.txt', `first\n${large}last\n`)
    await until(() => server.text('large.txt') === `first\n${large}last\n`)
  })
})

describe('[NASTY-15, BRIDGE-18] what takes no part', () => {
  test('symlinks, pipes, workspaces inside, never synced folders, names that are no path', async () => {
    const server = new FakeServer()
    const a = new Folder()
    const outside = new Folder()
    outside.write('secret.txt', 'secret\n')
    symlinkSync(outside.of('secret.txt'), a.of('link.txt'))
    symlinkSync(outside.root, a.of('linked'))
    execFileSync('mkfifo', [a.of('pipe')])
    a.write('nested/.ensemble/token', 'token')
    a.write('nested/inside.txt', 'inside\n')
    a.write('node_modules/pack/index.js', 'pack\n')
    a.write('sub/.git/HEAD', 'ref\n')
    a.write('sub/kept.txt', 'kept\n')
    a.write('back\\slash.txt', 'no path\n')
    a.write('.ensemble-tmp-stray', 'stray\n')
    await a.synced(server.connect())
    expect(server.texts()).toEqual({ 'sub/kept.txt': 'kept\n' })
  })

  test('.gitignore and .ensembleignore, at every level', async () => {
    const server = new FakeServer()
    const a = new Folder()
    a.write('.gitignore', '*.log\n/dist/\nsecret*\n')
    a.write('.ensembleignore', '!keep.log\n*.tmp\n')
    a.write('sub/.gitignore', '!secret-but-here.txt\nlocal.txt\n')
    const kept = ['keep.log', 'sub/secret-but-here.txt', 'sub/dist/in.txt', 'plain.txt']
    const left = ['a.log', 'sub/b.log', 'dist/out.js', 'secret.txt', 'sub/local.txt', 'x.tmp']
    for (const path of [...kept, ...left]) a.write(path, `${path}\n`)
    await a.synced(server.connect())
    const rules = ['.gitignore', '.ensembleignore', 'sub/.gitignore']
    expect(Object.keys(server.texts()).sort()).toEqual([...kept, ...rules].sort())
    server.edit('there.log', 'not here\n')
    server.edit('there.txt', 'here\n')
    await a.holds('there.txt', 'here\n')
    expect(a.read('there.log')).toBeUndefined()
  })

  test('[NASTY-15, BRIDGE-14] a file that becomes ignored stays where it is, on both sides, and merges when it is back', async () => {
    const server = new FakeServer()
    const a = new Folder()
    a.write('build/out.txt', 'one\ntwo\nthree\nfour\nfive\n')
    a.write('x.txt', 'x\n')
    const bridge = await a.synced(server.connect())
    a.write('.gitignore', 'build/\n')
    await until(() => server.text('.gitignore') !== undefined)
    await until(() => bridge.stats.files === 2, 'the folder to be left out')
    a.write('build/out.txt', 'ONE\ntwo\nthree\nfour\nfive\n')
    server.edit('build/out.txt', 'one\ntwo\nthree\nfour\nFIVE\n')
    const { passes } = bridge
    await until(() => bridge.passes > passes + 1)
    expect(a.read('build/out.txt')).toBe('ONE\ntwo\nthree\nfour\nfive\n')
    expect(server.text('build/out.txt')).toBe('one\ntwo\nthree\nfour\nFIVE\n')
    rmSync(a.of('.gitignore'))
    await a.holds('build/out.txt', 'ONE\ntwo\nthree\nfour\nFIVE\n')
    expect(server.text('build/out.txt')).toBe('ONE\ntwo\nthree\nfour\nFIVE\n')
    expect(server.conflicts).toEqual([])
  })

  test('a link that is put in a file’s place is neither followed nor written over', async () => {
    const server = new FakeServer()
    const a = new Folder()
    const outside = new Folder()
    outside.write('target.txt', 'outside\n')
    a.write('f.txt', 'f\n')
    a.write('x.txt', 'x\n')
    const bridge = await a.synced(server.connect())
    rmSync(a.of('f.txt'))
    symlinkSync(outside.of('target.txt'), a.of('f.txt'))
    server.edit('f.txt', 'changed there\n')
    await until(() => bridge.stats.blocked.has('f.txt'))
    const { passes } = bridge
    await until(() => bridge.passes > passes)
    expect(readlinkSync(a.of('f.txt'))).toBe(outside.of('target.txt'))
    expect(outside.read('target.txt')).toBe('outside\n')
    expect(server.text('f.txt')).toBe('changed there\n')
    rmSync(a.of('f.txt'))
    a.write('f.txt', 'changed there\n')
    await until(() => bridge.stats.blocked.size === 0)
  })

  test('a file written by the bridge under two names is one file less, not two changed', async () => {
    const server = new FakeServer()
    const a = new Folder()
    a.write('one.txt', 'same\n')
    linkSync(a.of('one.txt'), a.of('two.txt'))
    const bridge = await a.synced(server.connect())
    server.edit('one.txt', 'changed\n')
    await a.holds('one.txt', 'changed\n')
    await bridge.idle()
    expect(a.read('two.txt')).toBe('same\n')
    expect(server.text('two.txt')).toBe('same\n')
  })

  test('[STORE-6] the own data: private, unknown to git and to the server, its temporary files gone', async () => {
    const server = new FakeServer()
    const a = new Folder()
    a.write('f.txt', 'f\n')
    mkdirSync(a.of('.ensemble/bridge/holding'), { recursive: true, mode: 0o700 })
    a.write('.ensemble/bridge/holding/stray', 'of a bridge that was killed')
    const bridge = await a.synced(server.connect())
    server.edit('f.txt', 'changed\n')
    await a.holds('f.txt', 'changed\n')
    await bridge.idle()
    // But for what it replaced, which is kept for a while: a program may still write into it.
    expect(Object.values(a.texts('.ensemble/bridge/holding'))).toEqual(['f\n'])
    expect(server.texts()).toEqual({ 'f.txt': 'changed\n' })
    expect(lstatSync(a.of('.ensemble')).mode & 0o777).toBe(0o700)
    expect(a.read('.ensemble/.gitignore')).toBe('*\n')
  })
})
