/** Puts files into a test server as an agent would. */
import { writeId } from '../../../protocol/ids.js'
import { workspacePath } from '../../../protocol/paths.js'
import type { Connection } from '../../../client/sdk/connection.js'
import type { FileContent, FileHead, WriteOutcome } from '../../../protocol/files.js'

let count = 0

export const newWrite = () => writeId.parse(`sync-${process.pid}-${++count}`)

export const asText = (text: string) => ({ kind: 'text', text, bom: false, eol: 'lf' }) as const

export async function put(
  agent: Connection,
  path: string,
  content: string | FileContent,
  base: FileHead | null = null,
): Promise<WriteOutcome> {
  const result = await agent.request('write', {
    writeId: newWrite(),
    path: workspacePath.parse(path),
    base: base === null ? null : { rev: base.rev, hash: base.hash },
    content: typeof content === 'string' ? asText(content) : content,
    executable: false,
  })
  if (result.outcome === 'need-base') throw new Error('the server asks for the base')
  return result
}

export async function headOf(agent: Connection, path: string): Promise<FileHead | null> {
  return (await agent.request('stat', { path: workspacePath.parse(path) })).head
}

export async function textOf(agent: Connection, path: string): Promise<string | undefined> {
  const head = await headOf(agent, path)
  if (head === null) return undefined
  const { files } = await agent.request('read', { ids: [head.id] })
  const content = files[0]?.content
  return content?.kind === 'text' ? content.text : undefined
}
