/** One conflict: read from the server, and anew with whatever changes it; open, to decide; or settled, to read. */
import { useEffect } from 'preact/hooks'
import { useSignal } from '@preact/signals'
import type { Conflict } from '../../protocol/conflicts.js'
import { isOfLines } from '../model/of-lines.js'
import { toEnsembleError, type EnsembleError } from '../../protocol/errors.js'
import type { ConflictId } from '../../protocol/ids.js'
import { trusted } from '../../client/sdk/trusted.js'
import type { Known } from '../model/happened.js'
import { Age } from '../parts/age.js'
import { Asking } from '../parts/asking.js'
import { usePage, type Page } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import { formatRoute } from '../router.js'
import { begunResults, ConflictCompare } from './conflict-compare.js'
import { Decision } from './conflict-decision.js'
import { HowItHappened } from './conflict-happened.js'
import { HandOver } from './hand-over.js'
import { SettledConflict } from './conflict-settled.js'
import { Sides } from './conflict-sides.js'
import { conflictTitle, ConflictStory } from './conflict-words.js'

/** Revisions that are looked through for how it came about. */
const MOST_REVISIONS = 1_000

type State =
  | { readonly kind: 'asking' }
  | { readonly kind: 'known'; readonly known: Known }
  | { readonly kind: 'failed'; readonly error: EnsembleError }

export function ConflictPage({ id }: { readonly id: string }) {
  const page = usePage()
  const { store } = page
  const state = useSignal<State>({ kind: 'asking' })
  const isOwn = useSignal(false)
  const known = state.value.kind === 'known' ? state.value.known : null
  const path = known?.conflict.path ?? null
  const rev = path === null ? 0 : (store.head(path)?.rev ?? 0)
  const isListed = store.openConflicts.value.some((conflict) => conflict.id === id)
  const isLive = store.connection.value.kind === 'live'
  useEffect(() => {
    if (!isLive) return
    let gone = false
    read(page, id).then(
      (read) => {
        if (!gone) state.value = { kind: 'known', known: read }
      },
      (thrown: unknown) => {
        const error = toEnsembleError(thrown)
        // The connection is told of elsewhere, and what is known stays.
        if (!gone && error.code !== 'E_UNREACHABLE') state.value = { kind: 'failed', error }
      },
    )
    return () => {
      gone = true
    }
  }, [isLive, isListed, rev])

  if (state.value.kind === 'failed') return <NoConflict error={state.value.error} />
  if (known === null) return <Asking what="what collides" />
  if (known.conflict.state !== 'open') {
    return <SettledConflict conflict={known.conflict} isOwn={isOwn.value} mine={isOwn.value ? null : begunText(id)} />
  }
  return (
    <section class="conflict-page" aria-labelledby="conflict-title">
      <Heading known={known} />
      {isCompared(known) ? (
        <ConflictCompare known={known} resolved={() => (isOwn.value = true)} />
      ) : (
        <div class="conflict-whole">
          <Sides conflict={known.conflict} />
          <Decision conflict={known.conflict} resolved={() => (isOwn.value = true)} />
          <HowItHappened known={known} />
        </div>
      )}
    </section>
  )
}

async function read({ link }: Page, id: string): Promise<Known> {
  // From the address, as it is: the server says what is wrong with it. Checking here would bring zod into the page.
  const shown = await link.ask('conflict', { id: trusted<ConflictId>(id) })
  const { path, fileId } = shown.conflict
  const [files, history] = await Promise.all([
    link.ask('read', { ids: [fileId] }),
    link.ask('history', { path, limit: MOST_REVISIONS }).catch(() => ({ entries: [] })),
  ])
  return { ...shown, content: files.files[0]?.content ?? null, entries: history.entries }
}

/** Lines of a text are compared one by one; a deletion, or bytes, are a choice. */
function isCompared({ conflict, content }: Known): boolean {
  if (isOfLines(conflict)) return true
  return conflict.reason === 'create' && conflict.theirs?.kind === 'text' && content?.kind === 'text'
}

function begunText(id: string): string | null {
  return begunResults.value.get(id)?.text ?? null
}

function Heading({ known: { conflict, now } }: { readonly known: Known }) {
  const lines = now?.lines
  return (
    <header class="conflict-heading">
      <span class="mark">
        <Icon name="conflict" />
      </span>
      <div>
        <h1 id="conflict-title">{conflictTitle(conflict)}</h1>
        <p class="soft">
          <ConflictStory conflict={conflict} brief />
          {lines !== undefined && lines.to >= lines.from && (
            <span class="wide-only">
              .{' '}
              <a href={`${formatRoute({ view: 'files', path: conflict.path })}#L${lines.from}-${lines.to}`}>
                {lines.from === lines.to ? `Line ${lines.from}` : `Lines ${lines.from} to ${lines.to}`}
              </a>{' '}
              of the file now
            </span>
          )}
        </p>
      </div>
      <span class="conflict-age wide-only">
        open <Age of={conflict.time} />
      </span>
      <HandOver conflict={conflict} />
      <Neighbours conflict={conflict} />
    </header>
  )
}

function Neighbours({ conflict }: { readonly conflict: Conflict }) {
  const open = usePage().store.openConflicts.value
  const index = open.findIndex(({ id }) => id === conflict.id)
  if (index === -1) return null
  const [before, after] = [open[index - 1], open[index + 1]]
  return (
    <nav class="conflict-neighbours" aria-label="Conflicts">
      <Neighbour conflict={before} label="The conflict before" icon="up" />
      <span>
        {index + 1} of {open.length}
      </span>
      <Neighbour conflict={after} label="The next conflict" icon="down" />
    </nav>
  )
}

interface NeighbourProps {
  readonly conflict: Conflict | undefined
  readonly label: string
  readonly icon: 'up' | 'down'
}

function Neighbour({ conflict, label, icon }: NeighbourProps) {
  if (conflict === undefined) return <span class="icon-button" />
  return (
    <a class="icon-button" href={formatRoute({ view: 'conflicts', id: conflict.id })} aria-label={label} title={label}>
      <Icon name={icon} />
    </a>
  )
}

function NoConflict({ error }: { readonly error: EnsembleError }) {
  return (
    <div class="empty">
      <h1>{error.code === 'E_NOT_FOUND' ? 'There is no such conflict' : 'This conflict cannot be shown'}</h1>
      <p class="soft">
        {error.message} {error.hint}
      </p>
      <p>
        <a href={formatRoute({ view: 'conflicts', id: null })}>All conflicts</a>
      </p>
    </div>
  )
}
