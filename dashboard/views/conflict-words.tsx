/** Conflicts in words: by the names of those who wrote, never "ours" and "theirs". */
import type { Conflict } from '../../protocol/conflicts.js'
import { formatCount, fileName } from '../model/format.js'
import { AgentTag } from '../parts/agent-tag.js'

export function conflictTitle(conflict: Conflict): string {
  const name = fileName(conflict.path)
  switch (conflict.reason) {
    case 'overlap':
      return `Two edits collide in ${name}`
    case 'create':
      return `Two new files collide at ${name}`
    case 'delete':
      return `${name} was changed by one and deleted by another`
    case 'binary':
      return `Two versions of ${name} cannot be merged`
  }
}

export function ConflictStory({ conflict }: { readonly conflict: Conflict }) {
  const { ours, theirs } = conflict.authors
  return (
    <>
      <AgentTag author={theirs} small /> {deed(conflict)} <AgentTag author={ours} small /> had changed
      {conflict.reason === 'overlap' ? ' them' : ' it'}: <code class="path">{conflict.path}</code>
    </>
  )
}

function deed(conflict: Conflict): string {
  switch (conflict.reason) {
    case 'overlap': {
      const lines = Math.max(1, lineCount(conflict.base))
      return lines === 1 ? 'changed the same line after' : `changed the same ${formatCount(lines, 'line')} after`
    }
    case 'create':
      return 'created the same file after'
    case 'delete':
      return conflict.theirs === null ? 'deleted the file after' : 'changed the file after'
    case 'binary':
      return 'replaced the file after'
  }
}

function lineCount(text: string): number {
  return text === '' ? 0 : text.replace(/\n$/, '').split('\n').length
}
