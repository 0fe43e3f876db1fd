import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { askControl, serveControl } from '../../../client/bridge/control-socket.js'
import { FakeServer } from '../../support/bridge-fake-server.js'
import { Folder } from '../../support/bridge-folder.js'
import { until } from '../../support/wait.js'

const log = { debug: skip, info: skip, warn: skip, error: skip }

function skip(): void {
  // what is logged is looked at nowhere here
}

async function served(a = new Folder()) {
  const server = new FakeServer()
  for (let file = 0; file < 30; file++) a.write(`src/${file}.txt`, `${file}\n`)
  const connection = server.connect()
  const bridge = await a.synced(connection)
  const control = await serveControl({ bridge, dataFolder: a.of('.ensemble'), agentId: 'CLAUDE-a', log })
  onTestFinished(() => control.close())
  return { a, server, connection, bridge, control, data: a.of('.ensemble') }
}

describe('[BRIDGE-21] a folder, asked from outside', () => {
  test('tells how it is, also while there is no server', async () => {
    const { a, data, connection, bridge } = await served()
    connection.break()
    await until(() => bridge.state.kind === 'offline')
    expect(await askControl(data, { ask: 'folder' })).toEqual({
      folder: {
        ...{ agentId: 'CLAUDE-a', pid: process.pid, state: 'offline', files: 30, waiting: 0, blocked: {} },
        ...{ paused: null, leftOut: 0 },
      },
    })
    expect(statSync(a.of('.ensemble')).mode & 0o777).toBe(0o700)
  })

  test('tells what is held, takes a decision, and refuses one that is none there', async () => {
    const { a, server, data, bridge } = await served()
    expect(await askControl(data, { ask: 'resume', choice: 'delete' })).toEqual({ resumed: null })
    rmSync(a.of('src'), { recursive: true })
    await until(() => bridge.state.kind === 'paused')
    expect(await askControl(data, { ask: 'folder' })).toMatchObject({
      folder: { state: 'paused', paused: { code: 'many-deletions', files: 30, choices: ['delete', 'restore'] } },
    })
    await expect(askControl(data, { ask: 'resume', choice: 'accept' })).rejects.toMatchObject({
      ...{ code: 'E_USAGE', hint: 'It is "delete" or "restore".' },
    })
    expect(await askControl(data, { ask: 'resume', choice: 'restore' })).toEqual({
      resumed: { choice: 'restore', files: 30, kept: null },
    })
    await a.holds('src/29.txt', '29\n')
    expect(server.history.some(({ deleted }) => deleted)).toBe(false)
  })

  test('whose name is longer than that of a socket may be, answers too', async () => {
    const outer = new Folder()
    const deep = outer.of(`${'long-'.repeat(20)}/${'longer-'.repeat(20)}`)
    mkdirSync(deep, { recursive: true })
    const { data } = await served(new Folder(deep))
    expect(statSync(join(data, 'control')).isSocket()).toBe(true) // there, and not under a name that was cut
    expect(await askControl(data, { ask: 'folder' })).toMatchObject({ folder: { files: 30 } })
  })

  test('that nobody keeps in step, or not any more, does not answer', async () => {
    const a = new Folder()
    expect(await askControl(a.of('.ensemble'), { ask: 'folder' })).toBeUndefined()
    const { control, data } = await served()
    await control.close()
    expect(await askControl(data, { ask: 'folder' })).toBeUndefined()
    // A process that was killed leaves its socket's name behind; the next one takes its place.
    writeFileSync(join(data, 'control'), '')
    expect(await askControl(data, { ask: 'folder' })).toBeUndefined()
    const again = await served(new Folder())
    writeFileSync(join(again.data, 'other'), '')
    expect(await askControl(again.data, { ask: 'folder' })).toMatchObject({ folder: { files: 30 } })
  })

  test('answers nonsense with an error, and goes on', async () => {
    const { data } = await served()
    const said = await new Promise<string>((resolve) => {
      let text = ''
      const socket = createConnection(join(data, 'control'))
      socket
        .setEncoding('utf8')
        .on('data', (more: string) => (text += more))
        .on('close', () => resolve(text))
      socket.write('{"ask":"the moon"}\n')
    })
    expect(JSON.parse(said)).toMatchObject({ error: { code: 'E_BAD_REQUEST' } })
    expect(await askControl(data, { ask: 'folder' })).toMatchObject({ folder: { files: 30 } })
  })
})
