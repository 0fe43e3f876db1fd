import { expect, onTestFinished, test } from 'vitest'
import type { FileHead } from '../../../protocol/files.js'
import { contentHash, writeId } from '../../../protocol/ids.js'
import type { Params, ServerMessage } from '../../../protocol/messages.js'
import { workspacePath } from '../../../protocol/paths.js'
import type { FolderLine } from '../../../server/sync/folder-line.js'
import { startServer } from '../../support/server.js'
import { until } from '../../support/wait.js'

const ABSENT = { rev: 1, hash: contentHash.parse('a'.repeat(64)) }

const aWrite = (path: string, own: Partial<Params<'write'>> = {}): Params<'write'> => ({
  writeId: writeId.parse(`w_${path.replace('.', '_')}`),
  path: workspacePath.parse(path),
  base: null,
  content: { kind: 'text', text: `${path}\n`, bom: false, eol: 'lf' },
  executable: false,
  ...own,
})

async function aLine() {
  const server = await startServer()
  onTestFinished(() => server.stop())
  const line: FolderLine = server.folder
  const heads: FileHead[] = []
  line.onMessage((message: ServerMessage) => {
    if (message.type === 'head') heads.push(message.head)
  })
  return { server, line, heads }
}

test('[MSG-7] the served folder hears every head in order, its own and others’, and nothing within a commit', async () => {
  const { server, line, heads } = await aLine()
  const agent = await server.connectAs('CLAUDE-a')
  await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      i % 2 === 0 ? line.request('write', aWrite(`own${i}.ts`)) : agent.request('write', aWrite(`their${i}.ts`)),
    ),
  )
  await until(() => heads.length === 40)
  const seqs = heads.map(({ seq }) => seq)
  expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
  expect(new Set(heads.map(({ author }) => author))).toEqual(new Set(['DISK', 'CLAUDE-a']))
  const { files } = await line.request('tree', {})
  expect(files).toHaveLength(40)
})

test('[MSG-3] a request that fails rejects with the error, and the line goes on', async () => {
  const { line } = await aLine()
  const absent = { base: ABSENT, writeId: writeId.parse('w_x'), path: workspacePath.parse('absent.ts') }
  await expect(line.request('delete', absent)).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  await expect(line.request('read', { ids: [] })).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
  expect(await line.request('write', aWrite('there.ts'))).toMatchObject({ outcome: 'accepted' })
})

test('once the server stops, the folder is told, hears nothing more, and may ask nothing', async () => {
  const { server, line, heads } = await aLine()
  const states: string[] = []
  line.onState(({ kind }) => states.push(kind))
  expect(line.state.kind).toBe('live')
  await line.request('write', aWrite('a.ts'))
  await until(() => heads.length === 1)
  const writing = line.request('write', aWrite('b.ts'))
  await server.close(2000)
  await writing.catch(() => undefined)
  await new Promise((resolve) => setImmediate(resolve))
  expect(states).toEqual(['closed'])
  expect(heads).toHaveLength(1)
  await expect(line.request('tree', {})).rejects.toMatchObject({ code: 'E_UNREACHABLE' })
})
