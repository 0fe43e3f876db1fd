/** How tests let agents write: whole files over the agent socket, upon a version that they name. */
import type { Connection } from '../../../client/sdk/connection.js'
import { writeId, type WriteId } from '../../../protocol/ids.js'
import type { WriteBase, WriteResult } from '../../../protocol/files.js'
import { workspacePath } from '../../../protocol/paths.js'

let writes = 0

export async function headOf(agent: Connection, path: string): Promise<WriteBase> {
  const { head } = await agent.request('stat', { path: workspacePath.parse(path) })
  if (head === null) throw new Error(`There is no ${path}`)
  return { rev: head.rev, hash: head.hash }
}

/** @param base null: a new file */
export async function write(
  agent: Connection,
  path: string,
  text: string,
  base: WriteBase | null,
): Promise<WriteResult> {
  return agent.request('write', {
    writeId: nextWriteId(),
    path: workspacePath.parse(path),
    base,
    content: { kind: 'text', text, bom: false, eol: 'lf' },
    executable: false,
  })
}

export async function remove(agent: Connection, path: string): Promise<WriteResult> {
  const base = await headOf(agent, path)
  return agent.request('delete', { writeId: nextWriteId(), path: workspacePath.parse(path), base })
}

function nextWriteId(): WriteId {
  return writeId.parse(`test-${process.pid}-${(writes += 1)}`)
}
