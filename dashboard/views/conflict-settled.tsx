/** How a conflict ended: who decided it, how and when; both sides stay to be read. */
import { useEffect } from 'preact/hooks'
import { useSignal } from '@preact/signals'
import type { Conflict } from '../../protocol/conflicts.js'
import { toEnsembleError, unreachable, type EnsembleError } from '../../protocol/errors.js'
import { formatClock } from '../model/format.js'
import { Age } from '../parts/age.js'
import { AgentTag } from '../parts/agent-tag.js'
import { usePage } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import { UndoButton, useLeft } from '../parts/undo.js'
import { formatRoute } from '../router.js'
import { Fault } from './conflict-decision.js'
import { Sides } from './conflict-sides.js'
import { conflictTitle, ConflictStory } from './conflict-words.js'

/** "by C1 2 min ago: took what X1 wrote" */
export function Outcome({ conflict }: { readonly conflict: Conflict }) {
  const { resolution } = conflict
  if (resolution === undefined) return null
  return (
    <span class="soft">
      <AgentTag author={resolution.by} small /> <HowItEnded conflict={conflict} />, <Age of={resolution.time} past />
    </span>
  )
}

function HowItEnded({ conflict: { authors, resolution } }: { readonly conflict: Conflict }) {
  switch (resolution?.outcome) {
    case 'ours':
      return (
        <>
          kept what <AgentTag author={authors.ours} small /> wrote
        </>
      )
    case 'theirs':
      return (
        <>
          took what <AgentTag author={authors.theirs} small /> wrote
        </>
      )
    case 'both':
      return <>kept both, one below the other</>
    case 'text':
      return <>put another text in its place</>
    case 'superseded':
      return <>wrote something else there</>
    case undefined:
      return null
  }
}

export interface SettledProps {
  readonly conflict: Conflict
  /** It was decided on this page just now. */
  readonly isOwn: boolean
  /** What was decided and typed here before someone else was faster; null: nothing. */
  readonly mine: string | null
}

export function SettledConflict({ conflict, isOwn, mine }: SettledProps) {
  const { resolution } = conflict
  if (resolution === undefined) return null
  return (
    <div class="settled-page">
      <div class="headline">
        <h1>{conflictTitle(conflict)}: settled</h1>
      </div>
      <p class="settled-how" role="status">
        <span class="state state-done">
          <Icon name="check" />
          {conflict.state === 'superseded' ? 'Superseded' : 'Resolved'}
        </span>
        <span>
          {isOwn ? <b>You</b> : <AgentTag author={resolution.by} small />} <HowItEnded conflict={conflict} />, at{' '}
          {formatClock(resolution.time)}, with revision {resolution.rev}.
        </span>
        <Undo conflict={conflict} isOwn={isOwn} />
        <a class="button" href={formatRoute({ view: 'files', path: conflict.path })}>
          Open the file
        </a>
      </p>
      <p class="soft">
        <ConflictStory conflict={conflict} brief />
      </p>
      {mine !== null && <Mine text={mine} />}
      <Sides conflict={conflict} />
    </div>
  )
}

function Mine({ text }: { readonly text: string }) {
  return (
    <section class="stranded" aria-label="Your result">
      <p>
        <b>Not in the file:</b> this is the result that you had begun. Someone else was faster.
      </p>
      <pre tabIndex={0}>{text}</pre>
      <p class="stranded-ends">
        <button type="button" class="button" onClick={() => void navigator.clipboard.writeText(text)}>
          Copy
        </button>
      </p>
    </section>
  )
}

type Undoing =
  /** Whether the decision changed the file at all is being asked. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'offered' }
  | { readonly kind: 'asked' }
  | { readonly kind: 'done'; readonly held: boolean }
  | { readonly kind: 'failed'; readonly error: EnsembleError }

/** A decision that changed the file can be taken back, like any revision. */
function Undo({ conflict, isOwn }: { readonly conflict: Conflict; readonly isOwn: boolean }) {
  const { link } = usePage()
  const state = useSignal<Undoing>({ kind: 'unknown' })
  const left = useLeft()
  const { path, resolution } = conflict
  useEffect(() => {
    if (resolution === undefined || resolution.writeId === null) return
    link.ask('version', { path, rev: resolution.rev }).then(
      ({ entry }) => {
        if (entry.writeId === resolution.writeId) state.value = { kind: 'offered' }
      },
      // What cannot be looked up cannot be taken back either.
      () => undefined,
    )
  }, [])
  const run = async () => {
    if (resolution === undefined || state.peek().kind !== 'offered') return
    state.value = { kind: 'asked' }
    try {
      const { files } = await link.takeBack(path, resolution.rev)
      state.value = { kind: 'done', held: files.some((file) => file.outcome === 'conflict') }
    } catch (thrown) {
      state.value = { kind: 'failed', error: toEnsembleError(thrown) }
    }
  }
  switch (state.value.kind) {
    case 'unknown':
      return null
    case 'offered':
    case 'asked':
      return (
        // That it was decided here may be heard after the decision itself.
        <UndoButton
          key={String(isOwn)}
          isBusy={state.value.kind === 'asked'}
          left={isOwn ? left : null}
          run={() => void run()}
        />
      )
    case 'done':
      return (
        <span class="settled-undone">
          <b>Undone.</b>{' '}
          {state.value.held
            ? 'Others have changed these lines since, so the undoing is a conflict of its own.'
            : 'The file reads as before the decision. The conflict stays settled; both sides are below.'}
        </span>
      )
    case 'failed':
      return <Fault error={state.value.error} />
    default:
      return unreachable(state.value)
  }
}
