import { mkdirSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { SYSTEM } from '../../../client/bridge/environment.js'
import { startWatcher, type WatcherOptions, type WatchFolder } from '../../../client/bridge/watcher.js'
import { Folder } from '../../support/bridge-folder.js'
import { until } from '../../support/wait.js'

async function watched(files: string[], options: Partial<WatcherOptions> = {}) {
  const folder = new Folder()
  for (const path of files) folder.write(path, 'start\n')
  const hints: string[] = []
  const watcher = startWatcher({
    root: folder.root,
    timers: SYSTEM.timers,
    ignoresFolder: (path) => path === 'ignored',
    onHint: (path) => hints.push(path),
    onFailure: (reason) => {
      throw new Error(reason)
    },
    ...options,
  })
  onTestFinished(() => watcher.close())
  await watcher.ready
  hints.length = 0
  return { folder, hints, watcher }
}

/** A system that has only so many watches, which come back when they are closed. */
function limitedTo(limit: number) {
  const state = { limit, open: 0 }
  const watchFolder: WatchFolder = (place, onEvent) => {
    if (state.open >= state.limit) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    state.open++
    const watcher = watch(place, onEvent)
    watcher.once('close', () => state.open--)
    return watcher
  }
  return { state, watchFolder }
}

test('each of two writes is told, with the file’s path, however quickly they follow', async () => {
  const { folder, hints } = await watched(['deep/in/f.txt'])
  folder.write('deep/in/f.txt', 'one\n')
  await until(() => hints.includes('deep/in/f.txt'))
  hints.length = 0
  folder.write('deep/in/f.txt', 'two\n')
  await until(() => hints.includes('deep/in/f.txt'))
})

test('files that come, go and are renamed are told, in folders that came later too', async () => {
  const { folder, hints } = await watched(['f.txt'])
  writeFileSync(folder.of('new.txt'), '')
  rmSync(folder.of('f.txt'))
  renameSync(folder.of('new.txt'), folder.of('renamed.txt'))
  await until(() => ['f.txt', 'new.txt', 'renamed.txt'].every((path) => hints.includes(path)))
  mkdirSync(folder.of('later'))
  await until(() => hints.includes('later'))
  await until(() => {
    folder.write('later/in.txt', String(hints.length))
    return hints.includes('later/in.txt')
  })
})

test('a folder that goes and comes back, by a rename or anew, is watched to its depth again', async () => {
  const { folder, hints } = await watched(['a/b/c/f.txt', 'a/g.txt'])
  const isWatched = (path: string) => () => {
    folder.write(path, String(hints.length))
    return hints.includes(path)
  }
  for (let round = 0; round < 3; round++) {
    renameSync(folder.of('a'), folder.of(`away${round}`))
    renameSync(folder.of(`away${round}`), folder.of('a'))
    hints.length = 0
    await until(isWatched('a/b/c/f.txt'))
    rmSync(folder.of('a/b'), { recursive: true })
    mkdirSync(folder.of('a/b/c'), { recursive: true })
    hints.length = 0
    await until(isWatched('a/b/c/f.txt'))
    mkdirSync(folder.of(`a/b/new${round}/deep`), { recursive: true })
    await until(isWatched(`a/b/new${round}/deep/h.txt`))
  }
})

test('what happens in an ignored folder is not told', async () => {
  const { folder, hints } = await watched(['ignored/f.txt', 'f.txt'])
  folder.write('ignored/f.txt', 'changed\n')
  folder.write('f.txt', 'changed\n')
  await until(() => hints.includes('f.txt'))
  expect(hints.filter((path) => path.startsWith('ignored'))).toEqual([])
})

test('[NASTY-7] where the watches are used up the rest is watched, it is told once, and as soon as there are some they are used', async () => {
  const { state, watchFolder } = limitedTo(3)
  const told: string[] = []
  const folders = ['a', 'b', 'c', 'd', 'e']
  const { folder, hints, watcher } = await watched(
    folders.map((name) => `${name}/f.txt`),
    { watchFolder, onFailure: (reason) => told.push(reason) },
  )
  expect(state.open).toBe(3)
  expect(told).toEqual([expect.stringMatching(/max_user_watches/)])
  folder.write('f.txt', 'changed\n')
  await until(() => hints.includes('f.txt'))
  for (const name of folders) watcher.keep(name)
  expect([state.open, told.length]).toEqual([3, 1])
  state.limit = 10
  for (const name of folders) watcher.keep(name)
  expect(state.open).toBe(6)
  for (const name of folders) folder.write(`${name}/f.txt`, 'changed\n')
  await until(() => folders.every((name) => hints.includes(`${name}/f.txt`)))
})

test('[BRIDGE-12] a folder of which no event came, or another one of its name, is watched when it is seen', async () => {
  let isDeaf = false
  const missed: (string | null)[] = []
  const watchFolder: WatchFolder = (place, onEvent) =>
    watch(place, (event, name) => (isDeaf ? missed.push(name) : onEvent(event, name)))
  const { folder, hints, watcher } = await watched(['a/f.txt'], { watchFolder })
  isDeaf = true
  rmSync(folder.of('a'), { recursive: true })
  folder.write('a/f.txt', 'another\n')
  mkdirSync(folder.of('b'))
  await until(() => missed.includes('b'))
  for (const name of ['', 'a', 'b']) watcher.keep(name)
  isDeaf = false
  await until(() => {
    folder.write('a/f.txt', String(hints.length))
    folder.write('b/f.txt', String(hints.length))
    return hints.includes('a/f.txt') && hints.includes('b/f.txt')
  })
})
