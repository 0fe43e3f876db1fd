/** Conflicts: each with both sides and what both started from, by the names of those who wrote them, and what can be decided. */
import { useEffect, useRef } from 'preact/hooks'
import { isOfLines, type Conflict } from '../../protocol/conflicts.js'
import type { FileContent } from '../../protocol/files.js'
import { formatClock } from '../model/format.js'
import { Age } from '../parts/age.js'
import { AgentTag } from '../parts/agent-tag.js'
import { Asking } from '../parts/asking.js'
import { usePage } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import { formatRoute } from '../router.js'
import { commonIndentCutter } from '../model/indent.js'
import { Decision } from './conflict-decision.js'
import { conflictTitle, ConflictStory } from './conflict-words.js'

export function Conflicts({ selected }: { readonly selected: string | null }) {
  const { store } = usePage()
  const open = store.openConflicts.value
  if (!store.conflictsKnown.value) return <Asking what="which edits collide" />
  if (open.length === 0) {
    return (
      <div class="empty">
        <h1>No two edits collide</h1>
        <p class="soft">
          Edits to different places of a file merge by themselves. Where two overlap, the first stays in the file, the
          other is kept here, and both agents are told.
        </p>
        {selected !== null && <p class="dim">The conflict of this address is settled, or never was.</p>}
      </div>
    )
  }
  return (
    <>
      <div class="headline">
        <h1>{open.length === 1 ? '1 conflict' : `${open.length} conflicts`}</h1>
        <p class="soft">One side stands in the file; the other is kept here until someone decides.</p>
      </div>
      {open.map((conflict) => (
        <ConflictCard key={conflict.id} conflict={conflict} selected={conflict.id === selected} />
      ))}
    </>
  )
}

function ConflictCard({ conflict, selected }: { readonly conflict: Conflict; readonly selected: boolean }) {
  const card = useRef<HTMLElement>(null)
  useEffect(() => {
    if (selected) card.current?.scrollIntoView({ block: 'start' })
  }, [selected])
  const title = `conflict-${conflict.id}`
  return (
    <article ref={card} class={`conflict${selected ? ' conflict-selected' : ''}`} aria-labelledby={title}>
      <header>
        <span class="mark">
          <Icon name="conflict" />
        </span>
        <div>
          <h2 id={title}>{conflictTitle(conflict)}</h2>
          <p class="soft">
            <ConflictStory conflict={conflict} />
          </p>
        </div>
        <span class="conflict-age">
          {formatClock(conflict.time)}, open <Age of={conflict.time} />
        </span>
        <a class="button" href={formatRoute({ view: 'files', path: conflict.path })}>
          Open the file
        </a>
      </header>
      <Sides conflict={conflict} />
      <Decision conflict={conflict} />
    </article>
  )
}

function Sides({ conflict }: { readonly conflict: Conflict }) {
  const { ours, theirs } = conflict.authors
  if (!isOfLines(conflict)) {
    return (
      <div class="sides sides-two">
        <Side author={ours} note="stands in the file" text={null} absent="The file as it is." />
        <Side author={theirs} note="is kept here" {...whole(conflict.theirs)} />
      </div>
    )
  }
  const cut = commonIndentCutter([conflict.ours, conflict.base, conflict.theirs])
  return (
    <div class="sides">
      <Side author={ours} note="stands in the file" text={cut(conflict.ours)} absent="These lines deleted." />
      <Side author={null} note="what both started from" text={cut(conflict.base)} absent="Nothing: both wrote here." />
      <Side author={theirs} note="is kept here" text={cut(conflict.theirs)} absent="These lines deleted." />
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
        {author !== null && <b>{name.split(',')[0]}</b>}
        <span class="dim">{note}</span>
      </h3>
      {text === null || text === '' ? <p class="dim">{absent}</p> : <pre tabIndex={0}>{text}</pre>}
    </div>
  )
}

function whole(content: FileContent | null): Pick<SideProps, 'text' | 'absent'> {
  if (content === null) return { text: null, absent: 'The file deleted.' }
  return content.kind === 'text'
    ? { text: content.text, absent: 'An empty file.' }
    : { text: null, absent: 'Bytes that are not text.' }
}
