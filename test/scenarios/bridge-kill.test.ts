import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { SubmitStep } from '../../client/bridge/uploads.js'
import type { WriterStep } from '../../client/bridge/writer.js'
import type { Method } from '../../protocol/messages.js'
import { FakeServer } from '../support/bridge-fake-server.js'
import { Folder } from '../support/bridge-folder.js'
import type { ToChild, ToParent } from '../support/bridge-process.js'
import { until } from '../support/wait.js'

const PROGRAM = fileURLToPath(new URL('../../dist/test/support/bridge-process.js', import.meta.url))

const FIVE = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n'
const WRITING: WriterStep[] = ['begin', 'temporary', 'intent', 'renamed', 'folder', 'base']
const SUBMITTING: SubmitStep[] = ['read', 'pending', 'answered', 'settled']

/** Starts a bridge in a process that dies at a step; ready when it is in sync. @param user of the process; default: ours */
async function startMortal(folder: Folder, server: FakeServer, step: string, user?: number): Promise<ChildProcess> {
  const child = fork(PROGRAM, [folder.root, step, ...(user === undefined ? [] : [String(user)])])
  onTestFinished(() => void child.kill('SIGKILL'))
  const send = (message: ToChild): void => {
    if (child.connected) child.send(message, () => undefined) // it may die at any moment
  }
  const connection = server.connect()
  connection.onMessage((message) => send({ type: 'message', message }))
  let isSynced = false
  let isArmed = false
  child.on('message', (message: ToParent) => {
    if (message.type === 'synced') isSynced = true
    if (message.type === 'armed') isArmed = true
    if (message.type !== 'request') return
    const { id, method, params } = message
    void connection.request(method, params as never).then((result: unknown) => send({ type: 'reply', id, result }))
  })
  child.once('exit', () => connection.break())
  send({ type: 'live', state: connection.state })
  await until(() => isSynced, 'the process to be in sync')
  send({ type: 'arm' })
  await until(() => isArmed, 'the process to be armed')
  return child
}

async function death(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect(child.signalCode).toBe('SIGKILL')
}

async function restart(folder: Folder, server: FakeServer, path: string): Promise<void> {
  const bridge = await folder.synced(server.connect())
  await until(async () => {
    await bridge.idle()
    return folder.read(path) === server.text(path)
  }, 'both sides to be the same')
}

async function scene(files: Record<string, string>, step: string) {
  const server = new FakeServer()
  const folder = new Folder()
  for (const [path, text] of Object.entries(files)) folder.write(path, text)
  const child = await startMortal(folder, server, step)
  return { server, folder, child }
}

const count = (server: FakeServer, method: Method): number =>
  server.requests.filter((request) => request.method === method).length

describe('[NASTY-5, BRIDGE-7] killed at the step', () => {
  test.each(WRITING)('%s of a write: it is there after the restart, and nothing was sent', async (step) => {
    const { server, folder, child } = await scene({ 'f.txt': FIVE }, step)
    const writes = count(server, 'write')
    server.edit('f.txt', FIVE.replace('one', 'ONE'))
    await death(child)
    await restart(folder, server, 'f.txt')
    expect(folder.read('f.txt')).toBe(FIVE.replace('one', 'ONE'))
    expect(count(server, 'write')).toBe(writes)
    // Of what it was writing nothing is left over; the file that it replaced is kept for a while.
    const left = Object.entries(folder.texts('.ensemble/bridge/holding'))
    expect(left.filter(([name, text]) => !name.endsWith('.old') || text !== FIVE)).toEqual([])
    expect(left.length).toBeLessThanOrEqual(1)
    expect(server.conflicts).toEqual([])
  })

  test.each(WRITING)('%s of a write, and the file edited before the restart: both are kept, once', async (step) => {
    const { server, folder, child } = await scene({ 'f.txt': FIVE }, step)
    server.edit('f.txt', FIVE.replace('one', 'ONE'))
    await death(child)
    folder.write('f.txt', folder.read('f.txt')!.replace('nine', 'NINE'))
    server.edit('f.txt', server.text('f.txt')!.replace('five', 'FIVE'))
    await restart(folder, server, 'f.txt')
    expect(folder.read('f.txt')).toBe(FIVE.replace('one', 'ONE').replace('nine', 'NINE').replace('five', 'FIVE'))
    expect(server.conflicts).toEqual([])
  })

  test.each(WRITING)('%s of a new file, and the file edited before the restart', async (step) => {
    const { server, folder, child } = await scene({ 'x.txt': 'x\n' }, step)
    server.edit('f/new.txt', FIVE)
    await death(child)
    const text = folder.read('f/new.txt')
    if (text !== undefined) folder.write('f/new.txt', text.replace('nine', 'NINE'))
    await restart(folder, server, 'f/new.txt')
    expect(folder.read('f/new.txt')).toBe(text === undefined ? FIVE : FIVE.replace('nine', 'NINE'))
    expect(server.conflicts).toEqual([])
  })

  test.each(['begin', 'intent', 'renamed', 'folder', 'base'] as const)('%s of a removal', async (step) => {
    const { server, folder, child } = await scene({ 'f.txt': FIVE, 'x.txt': 'x\n' }, step)
    server.remove('f.txt')
    await death(child)
    await restart(folder, server, 'f.txt')
    expect(folder.read('f.txt')).toBeUndefined()
    expect(server.files.get('f.txt')?.head).toMatchObject({ deleted: true, rev: 2 })
  })

  test.each(['begin', 'intent', 'renamed', 'folder', 'base'] as const)(
    '%s of a move, and the file edited before: it is at its new place with the edit, once',
    async (step) => {
      const { server, folder, child } = await scene({ 'f.txt': FIVE }, step)
      server.rename('f.txt', 'f/moved.txt')
      await death(child)
      const place = folder.read('f.txt') === undefined ? 'f/moved.txt' : 'f.txt'
      folder.write(place, FIVE.replace('nine', 'NINE'))
      await restart(folder, server, 'f/moved.txt')
      expect(folder.texts()).toEqual({ 'f/moved.txt': FIVE.replace('nine', 'NINE') })
      expect(server.texts()).toEqual(folder.texts())
      expect(server.conflicts).toEqual([])
    },
  )

  test.each(['renamed', 'folder', 'base'] as const)(
    '%s of a move, and the file saved by an editor that writes another one in its place: it is the same file, edited once',
    async (step) => {
      const { server, folder, child } = await scene({ 'f.txt': FIVE }, step)
      const { id } = server.files.get('f.txt')!.head
      server.rename('f.txt', 'f/moved.txt')
      await death(child)
      server.edit('f/moved.txt', FIVE.replace('one', 'ONE'))
      folder.write('f/.swap', FIVE.replace('nine', 'NINE'))
      renameSync(folder.of('f/.swap'), folder.of('f/moved.txt'))
      const both = FIVE.replace('one', 'ONE').replace('nine', 'NINE')
      await restart(folder, server, 'f/moved.txt')
      await folder.holds('f/moved.txt', both)
      expect(server.texts()).toEqual({ 'f/moved.txt': both })
      expect(server.files.get('f/moved.txt')?.head).toMatchObject({ id, deleted: false })
      expect(server.conflicts).toEqual([])
    },
  )

  test.each(['pending', 'answered', 'settled'] as const)(
    '%s of a rename: it is one, and the file is itself',
    async (step) => {
      const { server, folder, child } = await scene({ 'f.txt': FIVE, 'x.txt': 'x\n' }, step)
      const { id } = server.files.get('f.txt')!.head
      renameSync(folder.of('f.txt'), folder.of('f2.txt'))
      await death(child)
      await restart(folder, server, 'f2.txt')
      expect(server.files.get('f2.txt')?.head).toMatchObject({ id, rev: 2 })
      expect(server.texts()).toEqual({ 'f2.txt': FIVE, 'x.txt': 'x\n' })
    },
  )

  test.each(SUBMITTING)('%s of a submit that merges with another’s edit: it is in the head, once', async (step) => {
    const { server, folder, child } = await scene({ 'f.txt': FIVE }, step)
    // The other's edit is committed while this one is on its way.
    server.before = (method) => {
      if (method === 'write' && server.files.get('f.txt')?.head.rev === 1)
        server.edit('f.txt', FIVE.replace('one', 'ONE'))
      return undefined
    }
    folder.write('f.txt', FIVE.replace('nine', 'NINE'))
    await death(child)
    await restart(folder, server, 'f.txt')
    expect(folder.read('f.txt')).toBe(FIVE.replace('one', 'ONE').replace('nine', 'NINE'))
    expect(server.conflicts).toEqual([])
  })

  test.each(SUBMITTING)(
    '%s of a submit in conflict, and the file edited before the restart: one conflict',
    async (step) => {
      const { server, folder, child } = await scene({ 'f.txt': FIVE }, step)
      server.before = (method) => {
        if (method === 'write' && server.files.get('f.txt')?.head.rev === 1)
          server.edit('f.txt', FIVE.replace('one', 'theirs'))
        return undefined
      }
      folder.write('f.txt', FIVE.replace('one', 'mine'))
      await death(child)
      folder.write('f.txt', folder.read('f.txt')!.replace('nine', 'NINE'))
      await restart(folder, server, 'f.txt')
      expect(folder.read('f.txt')).toBe(FIVE.replace('one', 'theirs').replace('nine', 'NINE'))
      expect(server.conflicts.map(({ theirs }) => theirs)).toEqual(['mine\n'])
    },
  )

  test.each(['late', 'late-answered', 'late-settled'] as const)(
    '%s of what a program wrote into a file that was replaced, and it writes on: all is there, once',
    async (step) => {
      const { server, folder, child } = await scene({ 'f.txt': FIVE }, step)
      const file = openSync(folder.of('f.txt'), 'a')
      onTestFinished(() => closeSync(file))
      server.edit('f.txt', FIVE.replace('one', 'ONE'))
      await folder.holds('f.txt', FIVE.replace('one', 'ONE'))
      writeSync(file, 'ten\n')
      await death(child)
      writeSync(file, 'eleven\n')
      await restart(folder, server, 'f.txt')
      await folder.holds('f.txt', `${FIVE.replace('one', 'ONE')}ten\neleven\n`)
      expect(server.text('f.txt')).toBe(`${FIVE.replace('one', 'ONE')}ten\neleven\n`)
      expect(server.conflicts).toEqual([])
    },
  )

  describe.each(['storing 1', 'stored 1', 'storing 2', 'stored 2'])('%s: the commit of its records, in', (step) => {
    const EDITED = FIVE.replace('nine', 'NINE')

    test('a write, and the file edited before the restart', async () => {
      const { server, folder, child } = await scene({ 'f.txt': FIVE }, step)
      server.edit('f.txt', FIVE.replace('one', 'ONE'))
      await death(child)
      folder.write('f.txt', folder.read('f.txt')!.replace('nine', 'NINE'))
      await restart(folder, server, 'f.txt')
      expect(folder.read('f.txt')).toBe(EDITED.replace('one', 'ONE'))
      expect(server.conflicts).toEqual([])
    })

    test('a submit that merges', async () => {
      const { server, folder, child } = await scene({ 'f.txt': FIVE }, step)
      server.before = (method) => {
        if (method === 'write' && server.files.get('f.txt')?.head.rev === 1)
          server.edit('f.txt', FIVE.replace('one', 'ONE'))
        return undefined
      }
      folder.write('f.txt', EDITED)
      await death(child)
      await restart(folder, server, 'f.txt')
      expect(folder.read('f.txt')).toBe(EDITED.replace('one', 'ONE'))
      expect(server.files.get('f.txt')?.head.rev).toBe(3)
      expect(server.conflicts).toEqual([])
    })

    test('a move, and the file edited before the restart', async () => {
      const { server, folder, child } = await scene({ 'f.txt': FIVE }, step)
      server.rename('f.txt', 'moved.txt')
      await death(child)
      folder.write(folder.read('f.txt') === undefined ? 'moved.txt' : 'f.txt', EDITED)
      await restart(folder, server, 'moved.txt')
      expect([folder.texts(), server.texts()]).toEqual([{ 'moved.txt': EDITED }, { 'moved.txt': EDITED }])
      expect(server.conflicts).toEqual([])
    })

    test('a rename, and a deletion', async () => {
      const { server, folder, child } = await scene({ 'f.txt': FIVE, 'g.txt': 'g\n', 'x.txt': 'x\n' }, step)
      const { id } = server.files.get('f.txt')!.head
      renameSync(folder.of('f.txt'), folder.of('f2.txt'))
      rmSync(folder.of('g.txt'))
      await death(child)
      await restart(folder, server, 'f2.txt')
      await until(() => server.text('g.txt') === undefined, 'the deletion')
      expect(server.files.get('f2.txt')?.head).toMatchObject({ id, rev: 2 })
      expect(server.texts()).toEqual({ 'f2.txt': FIVE, 'x.txt': 'x\n' })
    })
  })

  test.each(['pending', 'answered', 'settled'] as const)('%s of a deletion', async (step) => {
    const { server, folder, child } = await scene({ 'f.txt': FIVE, 'x.txt': 'x\n' }, step)
    rmSync(folder.of('f.txt'))
    await death(child)
    await restart(folder, server, 'f.txt')
    expect(server.files.get('f.txt')?.head).toMatchObject({ deleted: true, rev: 2 })
    expect(folder.read('f.txt')).toBeUndefined()
  })
})

test('[NASTY-15, BRIDGE-14] what may not be read is not taken for deleted, and goes on when it may be', async () => {
  const server = new FakeServer()
  const folder = new Folder()
  for (const path of ['dir/f.txt', 'dir/deep/g.txt', 'h.txt', 'open.txt']) folder.write(path, FIVE)
  // Root reads everything: where that is who runs this, the bridge is somebody else.
  const user = process.getuid?.() === 0 ? 65_534 : undefined
  if (user !== undefined)
    for (const place of ['', 'dir', 'dir/deep', ...Object.keys(folder.texts())]) chownSync(folder.of(place), user, user)
  const child = await startMortal(folder, server, 'never', user)
  let passes = 0
  child.on('message', (message: ToParent) => {
    if (message.type === 'audited') passes = message.passes
  })
  const closed = ['dir', 'h.txt']
  for (const place of closed) chmodSync(folder.of(place), 0)
  const before = passes
  await until(() => passes > before + 2, 'two audits')
  server.edit('dir/f.txt', FIVE.replace('one', 'ONE'))
  server.edit('open.txt', FIVE.replace('one', 'ONE'))
  await folder.holds('open.txt', FIVE.replace('one', 'ONE'))
  expect(Object.keys(server.texts())).toHaveLength(4)
  chmodSync(folder.of('dir'), 0o755)
  chmodSync(folder.of('h.txt'), 0o644)
  await folder.holds('dir/f.txt', FIVE.replace('one', 'ONE'))
  const now = passes
  await until(() => passes > now + 1, 'an audit')
  expect(server.texts()).toEqual(folder.texts())
  expect([Object.keys(server.texts()).length, server.conflicts]).toEqual([4, []])
})
