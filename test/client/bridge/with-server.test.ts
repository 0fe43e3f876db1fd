/** Against the server itself, where the other tests have one in memory: what the two understand of each other. */
import { chmodSync, rmSync, statSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import type { Conflict } from '../../../protocol/conflicts.js'
import { workspacePath } from '../../../protocol/paths.js'
import { Folder } from '../../support/bridge-folder.js'
import { startServer } from '../../support/server.js'
import { until } from '../../support/wait.js'

const LINES = Array.from({ length: 30 }, (_, line) => `line ${line}`).join('\n')

async function twoAgents(files: Record<string, string>) {
  const server = await startServer()
  onTestFinished(() => server.stop())
  const a = new Folder()
  const b = new Folder()
  for (const [path, text] of Object.entries(files)) a.write(path, text)
  const connection = await server.connectAs('CLAUDE-a')
  const bridgeA = await a.synced(connection)
  const bridgeB = await b.synced(await server.connectAs('CODEX-b'))
  const settled = (): Promise<unknown> =>
    until(async () => {
      await bridgeA.idle()
      await bridgeB.idle()
      return JSON.stringify(a.texts()) === JSON.stringify(b.texts())
    }, 'both folders to be the same')
  const conflicts = async () => (await connection.request('conflicts', {})).conflicts
  return { server, a, b, bridgeA, bridgeB, connection, settled, conflicts }
}

test('[BRIDGE-2] folders fill each other, and follow each other through every kind of change', async () => {
  const crlf = 'a\r\nb\r\n'
  const { a, b, settled, conflicts } = await twoAgents({ 'f.txt': LINES, 'deep/in/g.txt': 'g\n', 'crlf.txt': crlf })
  expect(b.texts()).toEqual(a.texts())
  a.write('f.txt', LINES.replace('line 3', 'LINE 3'))
  b.write('new/h.txt', 'h\n')
  b.write('bytes', Buffer.from([0, 1, 2, 255]))
  rmSync(a.of('deep'), { recursive: true })
  b.write('crlf.txt', 'a\r\nb\r\nc\r\n')
  await b.holds('f.txt', LINES.replace('line 3', 'LINE 3'))
  await a.holds('new/h.txt', 'h\n')
  await b.holds('deep/in/g.txt', undefined)
  await a.holds('crlf.txt', 'a\r\nb\r\nc\r\n')
  await settled()
  expect(Object.keys(b.texts())).toEqual(['bytes', 'crlf.txt', 'f.txt', 'new/h.txt'])
  expect(await conflicts()).toEqual([])
})

test('[BRIDGE-11] twenty rounds of edits at once are all in the file, once', async () => {
  const { a, b, settled, conflicts } = await twoAgents({ 'f.txt': LINES })
  for (let round = 0; round < 20; round++) {
    a.write('f.txt', a.read('f.txt')!.replace(/^line 2\b.*$/m, `line 2 by a ${round}`))
    b.write('f.txt', b.read('f.txt')!.replace(/^line 20.*$/m, `line 20 by b ${round}`))
    await settled()
  }
  const merged = LINES.replace('line 2\n', 'line 2 by a 19\n').replace('line 20', 'line 20 by b 19')
  expect(a.read('f.txt')).toBe(merged)
  expect(await conflicts()).toEqual([])
})

test('[BRIDGE-1] one line changed at once: the incumbent stays in both folders, the other is in a conflict', async () => {
  const { a, b, bridgeA, bridgeB, settled, conflicts } = await twoAgents({ 'f.txt': LINES })
  a.write('f.txt', LINES.replace('line 5', 'line 5 by a'))
  b.write('f.txt', LINES.replace('line 5', 'line 5 by b'))
  await until(async () => (await conflicts()).length === 1, 'the conflict')
  await settled()
  const [held] = await conflicts()
  const texts = held?.reason === 'overlap' ? [held.ours.trim(), held.theirs.trim()].sort() : []
  expect(texts).toEqual(['line 5 by a', 'line 5 by b'])
  expect(bridgeA.stats.conflicts + bridgeB.stats.conflicts).toBe(1)
})

test('[BRIDGE-8] what was edited in a folder without its bridge merges with what happened since', async () => {
  const { server, a, b, bridgeA, conflicts } = await twoAgents({ 'f.txt': LINES, 'g.txt': 'g\n' })
  await bridgeA.close()
  a.write('f.txt', LINES.replace('line 3', 'LINE 3'))
  rmSync(a.of('g.txt'))
  b.write('f.txt', LINES.replace('line 20', 'LINE 20'))
  b.write('g.txt', 'g, edited\n')
  await until(() => b.texts()['g.txt'] === 'g, edited\n')
  await a.synced(await server.connectAs('GEMINI-a2'))
  await a.holds('f.txt', LINES.replace('line 3', 'LINE 3').replace('line 20', 'LINE 20'))
  await a.holds('g.txt', 'g, edited\n')
  await b.holds('f.txt', LINES.replace('line 3', 'LINE 3').replace('line 20', 'LINE 20'))
  expect((await conflicts()).map(({ reason }) => reason)).toEqual(['delete'])
})

test('[BRIDGE-13] who may run a file, and what is in it, merge for themselves', async () => {
  const files = [
    'edited there',
    'made to run by both',
    'edited and made to run by both',
    'no longer run there',
    'deleted there',
  ]
  const { server, a, b, bridgeA, bridgeB, connection, conflicts } = await twoAgents(
    Object.fromEntries(files.map((path) => [path, LINES])),
  )
  const [there, both, all, no, deleted] = files as [string, string, string, string, string]
  const set = (folder: Folder, path: string, mode: number): void => chmodSync(folder.of(path), mode)
  const runs = (folder: Folder) => files.map((path) => (statSync(folder.of(path)).mode & 0o100) !== 0)
  const headOf = async (path: string) => (await connection.request('stat', { path: workspacePath.parse(path) })).head
  set(a, no, 0o755)
  await until(() => runs(b)[3], 'the bit')
  await bridgeB.close()
  for (const path of [there, both, all, deleted]) set(b, path, 0o755)
  b.write(all, edited('line 25', 'B'))
  b.write(no, edited('line 25', 'B'))
  for (const path of [both, all]) set(a, path, 0o755)
  set(a, no, 0o644)
  a.write(there, edited('line 5', 'A'))
  a.write(all, edited('line 5', 'A'))
  rmSync(a.of(deleted))
  await until(async () => {
    const heads = await Promise.all(files.map(headOf))
    return heads.every((head) => head !== null && head.rev > 1) && heads[4]?.deleted
  })
  await bridgeA.idle()
  const back = await b.synced(await server.connectAs('CODEX-b2'))
  await until(async () => {
    for (const bridge of [bridgeA, back]) await bridge.idle()
    return JSON.stringify([a.texts(), runs(a)]) === JSON.stringify([b.texts(), runs(b)])
  }, 'both folders to be the same')
  expect(runs(a)).toEqual([true, true, true, false, true])
  const merged = edited('line 25', 'B').replace('line 5', 'A')
  expect(files.map((path) => a.texts()[path])).toEqual([
    edited('line 5', 'A'),
    LINES,
    merged,
    edited('line 25', 'B'),
    LINES,
  ])
  expect((await conflicts()).map(({ path, reason }) => `${reason} ${path}`)).toEqual(['delete deleted there'])
})

/** What both folders began with, and what each made of it while it was away; `undefined`: no such file. */
const MEETINGS: Record<string, { base: Held; a: Held; b: Held; conflict?: Conflict['reason'] }> = {
  'same line': { base: LINES, a: edited('line 5', 'A'), b: edited('line 5', 'B'), conflict: 'overlap' },
  'edited in a deleted block': {
    ...{ base: LINES, a: LINES.replace(/line 5\n[^]*line 9\n/, ''), b: edited('line 7\n', 'B\n') },
    conflict: 'overlap',
  },
  'same line to the same': { base: LINES, a: edited('line 5', 'A'), b: edited('line 5', 'A') },
  'lines apart': { base: LINES, a: edited('line 5', 'A'), b: edited('line 25', 'B') },
  neighbours: { base: LINES, a: edited('line 5\n', 'A\n'), b: edited('line 6\n', 'B\n') },
  'inserted at one point': {
    base: LINES,
    a: edited('line 5\n', 'line 5\none\n'),
    b: edited('line 5\n', 'line 5\nzwei\n'),
  },
  'edited by one': { base: LINES, a: LINES, b: edited('line 5', 'B') },
  'made by both': { base: undefined, a: 'by a\n', b: 'by b\n', conflict: 'create' },
  'made alike': { base: undefined, a: 'alike\n', b: 'alike\n' },
  'deleted and edited': { base: LINES, a: undefined, b: edited('line 5', 'B'), conflict: 'delete' },
  'edited and deleted': { base: LINES, a: edited('line 5', 'A'), b: undefined, conflict: 'delete' },
  'deleted by one': { base: LINES, a: undefined, b: LINES },
  'deleted by both': { base: LINES, a: undefined, b: undefined },
  bytes: { base: '\0', a: '\0 by a', b: '\0 by b', conflict: 'binary' },
  'bytes alike': { base: '\0', a: '\0 by a', b: '\0 by a' },
}
type Held = string | undefined

function edited(from: string, to: string): string {
  return LINES.replace(from, to)
}

test('[BRIDGE-9, BRIDGE-10] what folders did apart is a conflict where it overlaps and nowhere else, and there one side stands', async () => {
  const begun = Object.entries(MEETINGS).flatMap(([path, { base }]) => (base === undefined ? [] : [[path, base]]))
  const { server, a, b, bridgeA, bridgeB, conflicts } = await twoAgents(
    Object.fromEntries(begun) as Record<string, string>,
  )
  await Promise.all([bridgeA.close(), bridgeB.close()])
  for (const [path, meeting] of Object.entries(MEETINGS)) {
    for (const [folder, text] of [
      [a, meeting.a],
      [b, meeting.b],
    ] as const) {
      if (text === undefined) rmSync(folder.of(path), { force: true })
      else folder.write(path, text)
    }
  }
  const backA = await a.synced(await server.connectAs('CLAUDE-a2'))
  const backB = await b.synced(await server.connectAs('CODEX-b2'))
  await backA.idle()
  await backB.idle()
  await until(() => JSON.stringify(a.texts()) === JSON.stringify(b.texts()), 'both folders to be the same')
  const raised = await conflicts()
  const expected = Object.entries(MEETINGS).flatMap(([path, { conflict }]) =>
    conflict ? [`${path}: ${conflict}`] : [],
  )
  expect(raised.map(({ path, reason }) => `${path}: ${reason}`).sort()).toEqual(expected.sort())
  const texts = a.texts()
  expect(texts['same line']).toBe(MEETINGS['same line']?.a) // whose write came first
  for (const conflict of raised) {
    if (conflict.reason !== 'overlap') continue
    expect(texts[conflict.path]).toContain(conflict.ours)
    expect(texts[conflict.path]).not.toContain(conflict.theirs)
  }
  expect(texts['neighbours']).toBe(LINES.replace('line 5\nline 6\n', 'A\nB\n'))
  expect(texts['inserted at one point']).toBe(LINES.replace('line 5\n', 'line 5\none\nzwei\n'))
  expect(texts['deleted by both']).toBeUndefined()
})

test('[BRIDGE-16] a server with an empty store gets the folder’s files, and its edits', async () => {
  const { a, bridgeA } = await twoAgents({ 'f.txt': LINES })
  await bridgeA.close()
  a.write('f.txt', LINES.replace('line 3', 'LINE 3'))
  const other = await startServer()
  onTestFinished(() => other.stop())
  await a.synced(await other.connectAs('CLAUDE-a'))
  const b = new Folder()
  await b.synced(await other.connectAs('CODEX-b'))
  expect(b.texts()).toEqual({ 'f.txt': LINES.replace('line 3', 'LINE 3') })
})
