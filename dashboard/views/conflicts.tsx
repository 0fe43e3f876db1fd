/** Conflicts: those that wait for a decision, and how the last ones ended; or one of them. */
import { useEffect } from 'preact/hooks'
import { useSignal } from '@preact/signals'
import type { Conflict } from '../../protocol/conflicts.js'
import { Age } from '../parts/age.js'
import { Asking } from '../parts/asking.js'
import { usePage } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import { ListKeys } from '../parts/list-keys.js'
import { formatRoute } from '../router.js'
import { ConflictPage } from './conflict-page.js'
import { Outcome } from './conflict-settled.js'
import { conflictTitle, ConflictStory } from './conflict-words.js'

export function Conflicts({ selected }: { readonly selected: string | null }) {
  return selected === null ? <ConflictList /> : <ConflictPage key={selected} id={selected} />
}

function ConflictList() {
  const { store } = usePage()
  const open = store.openConflicts.value
  if (!store.conflictsKnown.value) return <Asking what="which edits collide" />
  return (
    <>
      {open.length === 0 ? (
        <div class="empty">
          <h1>No two edits collide</h1>
          <p class="soft">
            Edits to different places of a file merge by themselves. Where two overlap, the first stays in the file, the
            other is kept here, and both agents are told.
          </p>
        </div>
      ) : (
        <>
          <div class="headline">
            <h1>{open.length === 1 ? '1 conflict' : `${open.length} conflicts`}</h1>
            <p class="soft">One side stands in the file; the other is kept here until someone decides.</p>
          </div>
          {open.map((conflict) => (
            <OpenConflict key={conflict.id} conflict={conflict} />
          ))}
          <ListKeys items=".conflict .button-primary" />
        </>
      )}
      <Settled />
    </>
  )
}

function OpenConflict({ conflict }: { readonly conflict: Conflict }) {
  const title = `conflict-${conflict.id}`
  return (
    <article class="conflict" aria-labelledby={title}>
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
          open <Age of={conflict.time} />
        </span>
        <a class="button button-primary" href={formatRoute({ view: 'conflicts', id: conflict.id })}>
          Compare
        </a>
      </header>
    </article>
  )
}

/** As many as show what has just become of one that was here. */
const MOST_SETTLED = 8

function Settled() {
  const { store, link } = usePage()
  const settled = useSignal<readonly Conflict[]>([])
  const open = store.openConflicts.value.map((conflict) => conflict.id).join(' ')
  const isLive = store.connection.value.kind === 'live'
  useEffect(() => {
    if (!isLive) return
    link.ask('conflicts', { state: 'all' }).then(
      ({ conflicts }) => {
        settled.value = conflicts
          .filter((conflict) => conflict.resolution !== undefined)
          .sort((a, b) => (b.resolution?.time ?? 0) - (a.resolution?.time ?? 0))
          .slice(0, MOST_SETTLED)
      },
      // What is settled is beside the point of this list, and every conflict has its own page.
      () => undefined,
    )
  }, [open, isLive])
  if (settled.value.length === 0) return null
  return (
    <section class="settled" aria-labelledby="settled">
      <div class="section-head">
        <h2 id="settled">Settled</h2>
      </div>
      <ul>
        {settled.value.map((conflict) => (
          <li key={conflict.id}>
            <a href={formatRoute({ view: 'conflicts', id: conflict.id })}>{conflictTitle(conflict)}</a>
            <Outcome conflict={conflict} />
          </li>
        ))}
      </ul>
    </section>
  )
}
