/** Conflicts in words: by the names of those who wrote, never "ours" and "theirs". */
import type { Conflict } from '../../protocol/conflicts.js'
import { isOfLines } from '../model/of-lines.js'
import { formatCount, fileName } from '../model/format.js'
import { AgentTag } from '../parts/agent-tag.js'
import { FilePath } from '../parts/file-path.js'

const LONGEST_EXCERPT = 60

export function conflictTitle(conflict: Conflict): string {
  const name = fileName(conflict.path)
  switch (conflict.reason) {
    case 'overlap':
      return `Two edits collide in ${name}`
    case 'lock':
      return `An edit met a lock in ${name}`
    case 'create':
      return conflict.lock === undefined ? `Two new files collide at ${name}` : `A new file met a lock at ${name}`
    case 'delete':
      return conflict.lock === undefined
        ? `${name} was changed by one and deleted by another`
        : `The deletion of ${name} met a lock`
    case 'binary':
      return `Two versions of ${name} cannot be merged`
  }
}

export interface ConflictStoryProps {
  readonly conflict: Conflict
  /** The lines themselves stand beside it. */
  readonly brief?: boolean
}

export function ConflictStory({ conflict, brief = false }: ConflictStoryProps) {
  const { earlier, later, deed, before } = conflictStory(conflict)
  return (
    <>
      <AgentTag author={later} small /> {deed} after <AgentTag author={earlier} small /> {before}:{' '}
      <code class="story-path" title={conflict.path}>
        <FilePath path={conflict.path} />
      </code>
      {isOfLines(conflict) && !brief && (
        <>
          , <q class="excerpt">{excerpt(conflict.base) || excerpt(conflict.ours)}</q>
        </>
      )}
    </>
  )
}

export interface Story {
  readonly earlier: string
  readonly later: string
  readonly deed: string
  readonly before: string
}

/** Who did what after whom: in a conflict of whole files what stands may be the later one. */
export function conflictStory(conflict: Conflict): Story {
  const { ours, theirs } = conflict.authors
  const order = firstOf(conflict) === 'ours' ? { earlier: ours, later: theirs } : { earlier: theirs, later: ours }
  return { ...order, ...words(conflict) }
}

function firstOf(conflict: Conflict): 'ours' | 'theirs' {
  return isOfLines(conflict) ? 'ours' : conflict.first
}

function words(conflict: Conflict): Pick<Story, 'deed' | 'before'> {
  switch (conflict.reason) {
    case 'overlap': {
      const lines = Math.max(1, lineCount(conflict.base))
      return lines === 1
        ? { deed: 'changed the same line', before: 'had changed it' }
        : { deed: `changed the same ${formatCount(lines, 'line')}`, before: 'had changed them' }
    }
    case 'lock':
      return { deed: 'changed lines', before: 'had locked them' }
    case 'create':
      if (conflict.lock !== undefined) return { deed: 'made a file', before: 'had locked its path' }
      return { deed: 'created the same file', before: 'had created it' }
    case 'delete':
      if (conflict.lock !== undefined) return { deed: 'deleted the file', before: 'had locked it' }
      // What is held is the deletion.
      return firstOf(conflict) === 'ours'
        ? { deed: 'deleted the file', before: 'had changed it' }
        : { deed: 'changed the file', before: 'had deleted it' }
    case 'binary':
      return { deed: 'replaced the file', before: 'had replaced it' }
  }
}

function lineCount(text: string): number {
  return text === '' ? 0 : text.replace(/\n$/, '').split('\n').length
}

/** The first line that says something. */
function excerpt(text: string): string {
  const line = text.split('\n').find((candidate) => candidate.trim() !== '') ?? ''
  const trimmed = line.trim()
  return trimmed.length > LONGEST_EXCERPT ? `${trimmed.slice(0, LONGEST_EXCERPT)}…` : trimmed
}
