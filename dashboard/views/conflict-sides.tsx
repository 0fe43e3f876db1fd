/** Both sides of a conflict to read, with what both started from. */
import type { Conflict } from '../../protocol/conflicts.js'
import type { KeptContent } from '../../protocol/files.js'
import { isOfLines } from '../model/of-lines.js'
import { commonIndentCutter } from '../model/indent.js'
import { AgentTag, shortName } from '../parts/agent-tag.js'
import { usePage } from '../parts/context.js'

export function Sides({ conflict }: { readonly conflict: Conflict }) {
  const { ours, theirs } = conflict.authors
  const isOpen = conflict.state === 'open'
  const [stands, isHeld] = isOpen ? ['stands in the file', 'is kept here'] : ['stood in the file', 'was kept here']
  if (!isOfLines(conflict)) {
    return (
      <div class="sides sides-two">
        <Side author={ours} note={stands} text={null} absent={isOpen ? 'The file as it is.' : 'The file as it was.'} />
        <Side author={theirs} note={isHeld} {...whole(conflict.theirs)} />
      </div>
    )
  }
  const cut = commonIndentCutter([conflict.ours, conflict.base, conflict.theirs])
  return (
    <div class="sides">
      <Side author={ours} note={stands} text={cut(conflict.ours)} absent="These lines deleted." />
      <Side author={null} note="what both started from" text={cut(conflict.base)} absent="Nothing: both wrote here." />
      <Side author={theirs} note={isHeld} text={cut(conflict.theirs)} absent="These lines deleted." />
    </div>
  )
}

interface SideProps {
  /** Null: the base. */
  readonly author: string | null
  readonly note: string
  readonly text: string | null
  /** Said where there is no text. */
  readonly absent: string
}

function Side({ author, note, text, absent }: SideProps) {
  const { store } = usePage()
  const name = author === null ? 'Base' : store.tag(author).name
  return (
    <div class={`side${author === null ? ' side-base' : ''}`} role="group" aria-label={`${name}, ${note}`}>
      <h3>
        {author === null ? <b>Base</b> : <AgentTag author={author} small />}
        {author !== null && <b>{shortName(store.tag(author))}</b>}
        <span class="dim">{note}</span>
      </h3>
      {text === null || text === '' ? <p class="dim">{absent}</p> : <pre tabIndex={0}>{text}</pre>}
    </div>
  )
}

function whole(content: KeptContent | null): Pick<SideProps, 'text' | 'absent'> {
  if (content === null) return { text: null, absent: 'The file deleted.' }
  return content.kind === 'text'
    ? { text: content.text, absent: 'An empty file.' }
    : { text: null, absent: 'Bytes that are not text.' }
}
