/** What changes many files of a folder at once, with the real git. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FakeServer } from '../../support/bridge-fake-server.js'
import { Folder } from '../../support/bridge-folder.js'
import { startServer } from '../../support/server.js'
import { until } from '../../support/wait.js'

const COUNT = 60

function git(folder: string, ...args: string[]): void {
  const identity = ['-c', 'user.name=n', '-c', 'user.email=e@x', '-c', 'init.defaultBranch=main']
  execFileSync('git', [...identity, ...args], { cwd: folder, stdio: 'pipe' })
}

function fill(a: Folder, text: string, count = COUNT): void {
  for (let file = 0; file < count; file++) a.write(`src/${file}.txt`, `${text} ${file}\n`)
}

/** What is synced of it. */
function texts(a: Folder): Record<string, string> {
  return Object.fromEntries(Object.entries(a.texts()).filter(([path]) => !path.startsWith('.git/') && path !== '.git'))
}

/** A folder with two commits, of which the second is checked out; each changed every file. */
function commits(top = ''): Folder {
  const a = new Folder()
  git(a.root, 'init', ...(top === '' ? [] : ['--separate-git-dir', top]))
  writeFileSync(a.of('.gitignore'), '.ensemble\n')
  fill(a, 'first')
  git(a.root, 'add', '.')
  git(a.root, 'commit', '-m', 'first')
  fill(a, 'second')
  a.write('src/new.txt', 'made in the second\n')
  git(a.root, 'add', '.')
  git(a.root, 'commit', '-m', 'second')
  return a
}

async function repository({ isServed = false, top = '' } = {}) {
  const a = commits(top)
  const server = new FakeServer()
  const bridge = await a.synced(server.connect(), { isServed })
  const isHeld = (code: string) => (): boolean => bridge.state.kind === 'paused' && bridge.state.reason.code === code
  const written = (): number => server.history.filter(({ rev }) => rev > 1).length
  return { a, server, bridge, isHeld, written }
}

describe('[BRIDGE-20] git checkout of an older commit', () => {
  test('in an agent’s folder is held whole, and told with how many files and which', async () => {
    const { a, server, bridge, isHeld, written } = await repository()
    git(a.root, 'checkout', 'HEAD~1')
    await until(isHeld('git-operation'))
    await bridge.idle()
    expect(bridge.state).toMatchObject({
      reason: {
        ...{ code: 'git-operation', files: COUNT + 1, choices: ['accept', 'restore'] },
        message: `git changed 61 files (1 of them gone) of ${a.root} at once; that is not passed on to the others before someone says so.`,
      },
    })
    expect(written()).toBe(0)
    // Others' work goes on, here too.
    server.edit('theirs.txt', 'theirs\n')
    await a.holds('theirs.txt', 'theirs\n')
    a.write('mine.txt', 'mine\n')
    await until(() => server.text('mine.txt') === 'mine\n')
  })

  test('goes to everyone when it is accepted', async () => {
    const { a, server, bridge, isHeld } = await repository()
    git(a.root, 'checkout', 'HEAD~1')
    await until(isHeld('git-operation'))
    expect(await bridge.resume('accept')).toEqual({ choice: 'accept', files: COUNT + 1, kept: null })
    await until(() => server.text('src/59.txt') === 'first 59\n' && server.text('src/new.txt') === undefined)
    await bridge.idle()
    expect(server.texts()).toEqual(texts(a))
    expect(bridge.state.kind).toBe('synced')
  })

  test('[BRIDGE-21] is undone when it is restored, and what it had written is kept aside', async () => {
    const { a, server, bridge, isHeld, written } = await repository()
    const before = server.texts()
    git(a.root, 'checkout', 'HEAD~1')
    await until(isHeld('git-operation'))
    server.edit('src/7.txt', 'second 7, edited meanwhile\n')
    const { kept, files } = await bridge.resume('restore')
    expect(files).toBe(COUNT + 1)
    await a.holds('src/7.txt', 'second 7, edited meanwhile\n')
    await until(() => bridge.state.kind === 'synced')
    await bridge.idle()
    expect(texts(a)['src/new.txt']).toBe('made in the second\n')
    expect({ ...server.texts(), 'src/7.txt': '' }).toEqual({ ...before, 'src/7.txt': '' })
    expect(texts(a)).toMatchObject(server.texts())
    expect(written()).toBe(1)
    expect(readdirSync(join(String(kept), 'src'))).toHaveLength(COUNT)
    expect(readFileSync(join(String(kept), 'src', '7.txt'), 'utf8')).toBe('first 7\n')
  })

  test('back to where it was is forgotten', async () => {
    const { a, bridge, isHeld, written } = await repository()
    git(a.root, 'checkout', 'HEAD~1')
    await until(isHeld('git-operation'))
    git(a.root, 'checkout', 'main')
    await until(() => bridge.state.kind === 'synced')
    await bridge.idle()
    expect(written()).toBe(0)
  })

  test('in the served folder goes at once', async () => {
    const { a, server, bridge } = await repository({ isServed: true })
    git(a.root, 'checkout', 'HEAD~1')
    await until(() => server.text('src/59.txt') === 'first 59\n' && server.text('src/new.txt') === undefined)
    await bridge.idle()
    expect(server.texts()).toEqual(texts(a))
  })

  test('in the served folder has git as its author, and what is edited there afterwards has not', async () => {
    const server = await startServer()
    onTestFinished(() => server.stop())
    const a = commits()
    const bridge = await a.synced(server.folder, { isServed: true })
    git(a.root, 'checkout', 'HEAD~1')
    const observer = await server.connect()
    const head = async (path: string) => {
      const { files } = await observer.request('tree', {})
      return files.find((file) => file.path === path)
    }
    await until(async () => (await head('src/59.txt'))?.rev === 2 && (await head('src/new.txt'))?.deleted === true)
    await bridge.idle()
    expect(await head('src/59.txt')).toMatchObject({ rev: 2, author: 'git' })
    expect(await head('src/new.txt')).toMatchObject({ deleted: true, author: 'git' })
    a.write('src/1.txt', 'by hand\n')
    await until(async () => (await head('src/1.txt'))?.rev === 3)
    expect(await head('src/1.txt')).toMatchObject({ author: 'DISK' })
  })

  test('is seen in a working tree whose .git is a file', async () => {
    const aside = new Folder()
    const { a, isHeld } = await repository({ top: aside.of('git') })
    git(a.root, 'checkout', 'HEAD~1')
    await until(isHeld('git-operation'))
  })

  test('nothing goes while git holds its lock', async () => {
    const { a, server, bridge, written } = await repository()
    writeFileSync(a.of('.git/index.lock'), '')
    a.write('src/1.txt', 'edited under the lock\n')
    const { passes } = bridge
    await until(() => bridge.passes > passes + 1)
    expect(written()).toBe(0)
    rmSync(a.of('.git/index.lock'))
    await until(() => server.text('src/1.txt') === 'edited under the lock\n')
  })
})

describe('[BRIDGE-19] a script that rewrites every file', () => {
  test('is held in part at least, in the served folder too; nothing of it is lost, whatever is said', async () => {
    const server = new FakeServer()
    const a = new Folder()
    fill(a, 'first')
    const bridge = await a.synced(server.connect(), { isServed: true })
    fill(a, 'rewritten')
    await until(() => bridge.state.kind === 'paused')
    await bridge.idle()
    const passed = server.history.filter(({ rev }) => rev > 1).length
    expect(passed).toBeLessThanOrEqual(20)
    const { kept } = await bridge.resume('restore')
    await until(() => bridge.state.kind === 'synced')
    await bridge.idle()
    expect(texts(a)).toEqual(server.texts())
    const aside = new Set(readdirSync(join(String(kept), 'src')))
    for (const [path, text] of Object.entries(server.texts())) {
      expect(text.startsWith('rewritten') || aside.has(path.slice('src/'.length)), path).toBe(true)
    }
  })

  test('while no bridge ran is no bulk: it merges as edits do', async () => {
    const server = new FakeServer()
    const a = new Folder()
    fill(a, 'first')
    const bridge = await a.synced(server.connect())
    await bridge.close()
    fill(a, 'rewritten')
    const again = await a.synced(server.connect())
    await until(() => again.state.kind === 'synced')
    expect(server.texts()).toEqual(texts(a))
    expect(server.text('src/1.txt')).toBe('rewritten 1\n')
  })
})
