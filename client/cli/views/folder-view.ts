/** What of a folder is not in step: why, and what someone can do about it now. */
import type { FolderStatus } from '../../../protocol/status.js'
import type { Paint } from '../colour.js'
import { count } from '../words.js'

export type Whose =
  /** The one that the server serves: nobody sits at a prompt of it. */
  | { readonly kind: 'served' }
  /** An agent's, whose session is in this terminal. */
  | { readonly kind: 'session' }
  /** An agent's, connected in the background; `leave` is the command that ends that. */
  | { readonly kind: 'background'; readonly leave: string }

export const RESUME_WAYS =
  'Type "resume restore" to bring them back here, or "resume delete" to delete them for everyone.'

/** Empty if there is nothing to tell. */
export function folderLines({ paused, leftOut }: FolderStatus, whose: Whose, paint: Paint): string[] {
  const lines: string[] = []
  if (paused !== null) {
    const word = paused.code === 'many-deletions' ? 'held' : 'paused'
    lines.push(`  ${paint('waiting', word)}${' '.repeat(INDENT - word.length)}${paused.message}`)
    const ways = paused.code === 'many-deletions' ? waysOut(whose) : [paused.hint]
    lines.push(...ways.map((way) => `  ${' '.repeat(INDENT)}${way}`))
  }
  if (leftOut > 0) {
    const log = whose.kind === 'served' ? 'server.log' : 'connect.log'
    const words = `${count(leftOut, 'path')} (too large, a link, or not readable); .ensemble/${log} names them`
    lines.push(`  ${'left out'.padEnd(INDENT)}${words}`)
  }
  return lines
}

/** Of the words before what is told. In characters. */
const INDENT = 11

function waysOut(whose: Whose): string[] {
  switch (whose.kind) {
    case 'served':
      return [
        'To keep them: put them back, from version control or from an agent’s folder (a new one gets them all).',
        'To delete them for everyone: delete them in an agent’s folder too, and type "resume delete" in its session.',
      ]
    case 'session':
      return [RESUME_WAYS]
    case 'background':
      return [
        'To decide, connect in a terminal without --background, and type "resume restore" or "resume delete" there;',
        `before that, end this one: ${whose.leave}`,
      ]
  }
}
