import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { SYSTEM } from '../../../client/bridge/environment.js'
import { startWatcher } from '../../../client/bridge/watcher.js'
import { Folder } from '../../support/bridge-folder.js'
import { until } from '../../support/wait.js'

async function watched(files: string[]) {
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
  })
  onTestFinished(() => watcher.close())
  await watcher.ready
  hints.length = 0
  return { folder, hints }
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
