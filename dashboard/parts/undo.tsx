/**
 * Undo, offered for ten seconds; the time stands still while someone points at it, has it in focus, or could not have it
 * done. Later the feed offers it, beside what tells of the write.
 */
import { useEffect } from 'preact/hooks'
import { useSignal, type Signal } from '@preact/signals'
import type { WorkspaceEvent } from '../../protocol/events.js'
import { withoutOffer, type Offer } from '../model/offer.js'
import { ActingFault, useActing } from './acting.js'
import { AgentTag } from './agent-tag.js'
import { useCommands, usePage } from './context.js'
import { Icon } from './icon.js'

/** In seconds. */
const OFFERED_FOR = 10

export interface UndoButtonProps {
  readonly isBusy: boolean
  /** For how long it is still offered; null: without an end, and by no key, as of what somebody else did. In seconds. */
  readonly left: Signal<number> | null
  readonly run: () => void
}

export function useLeft(): Signal<number> {
  return useSignal(OFFERED_FOR)
}

/** Nothing once its time is over, or where nothing may be written. */
export function UndoButton({ isBusy, left, run }: UndoButtonProps) {
  const { store } = usePage()
  const isHovered = useSignal(false)
  const isFocused = useSignal(false)
  const isHeld = isHovered.value || isFocused.value
  const canWrite = store.canWrite.value
  useEffect(() => {
    if (left === null || isBusy || isHeld || !canWrite || left.value === 0) return
    const timer = setTimeout(() => (left.value -= 1), 1_000)
    return () => clearTimeout(timer)
  }, [left?.value, isBusy, isHeld, canWrite])
  const isOver = left !== null && left.value === 0
  useCommands(
    left === null
      ? {}
      : {
          undo: () => {
            if (left.peek() > 0 && store.canWrite.peek()) run()
          },
        },
  )
  if (isOver || store.readOnly.value) return null
  return (
    <button
      type="button"
      class="button"
      disabled={isBusy || !canWrite}
      onMouseEnter={() => (isHovered.value = true)}
      onMouseLeave={() => (isHovered.value = false)}
      onFocus={() => (isFocused.value = true)}
      onBlur={() => (isFocused.value = false)}
      onClick={(event) => {
        // To what stands behind it: shut, it would lose the focus to nothing.
        const next = event.currentTarget.nextElementSibling
        if (isFocused.peek() && next instanceof HTMLElement) next.focus()
        run()
      }}
    >
      <Icon name="undo" />
      {isBusy ? 'Undoing…' : 'Undo'}
      {/* A screen reader would tell each second. */}
      {left !== null && (
        <span class="dim" aria-hidden="true">
          {left.value} s
        </span>
      )}
    </button>
  )
}

/** What was done on this page last and can be taken back, at the foot of every view. */
export function UndoBar() {
  const { shown, isAsked } = usePage().undo.value
  return <div class="undo-place">{shown !== null && <Offered key={shown.id} offer={shown} isAsked={isAsked} />}</div>
}

/** In the feed, beside an event that tells what was done here. */
export function RowUndo({ event }: { readonly event: WorkspaceEvent }) {
  const { undo, store } = usePage()
  const offer = undo.value.all.find((one) => one.isTold(event))
  const by = offer?.builtOn() ?? null
  if (offer === undefined || by === 'gone') return null
  if (by !== null) {
    return (
      <small class="feed-undo dim" title="To undo would take that away, too.">
        <AgentTag author={by} small /> changed it since
      </small>
    )
  }
  return (
    <button
      type="button"
      class="button feed-undo"
      disabled={!store.canWrite.value}
      onClick={() => (undo.value = { ...undo.peek(), shown: offer, isAsked: true })}
    >
      <Icon name="undo" />
      Undo
    </button>
  )
}

interface OfferedProps {
  readonly offer: Offer
  readonly isAsked: boolean
}

function Offered({ offer, isAsked }: OfferedProps) {
  const { undo, author } = usePage()
  const dismiss = () => (undo.value = { ...undo.peek(), shown: null, isAsked: false })
  const acting = useActing()
  const left = useLeft()
  const isBusy = useSignal(false)
  const done = useSignal<string | null>(null)
  /** Of an undoing that failed, some may be done: that is no reason not to go on. */
  const builtOn = () => {
    const by = offer.builtOn()
    return acting.fault.value !== null && by === author ? null : by
  }
  const by = done.value === null && !isBusy.value ? builtOn() : null
  const isOver = left.value === 0 && done.value === null && !isBusy.value && acting.fault.value === null
  useEffect(() => {
    if (isOver) dismiss()
  }, [isOver])
  useEffect(() => {
    if (done.value === null) return
    const timer = setTimeout(dismiss, OFFERED_FOR * 1_000)
    return () => clearTimeout(timer)
  }, [done.value])
  const run = () => {
    if (isBusy.peek() || done.peek() !== null || builtOn() !== null) return
    isBusy.value = true
    const takeBack = async () => {
      done.value = await offer.run()
      undo.value = withoutOffer(undo.peek(), offer)
    }
    void acting.run(takeBack).finally(() => (isBusy.value = false))
  }
  useEffect(() => {
    if (!isAsked) return
    undo.value = { ...undo.peek(), isAsked: false }
    run()
  }, [isAsked])
  return (
    <div class="undo-bar">
      <p role="status">
        {done.value === null ? (
          <>{offer.words}.</>
        ) : (
          <>
            <b>Undone.</b> {done.value}
          </>
        )}{' '}
        {by !== null && <span class="soft">{by === 'gone' ? 'It is gone since.' : <BuiltOn by={by} />}</span>}
      </p>
      {done.value === null && by === null && <UndoButton isBusy={isBusy.value} left={left} run={run} />}
      <button type="button" class="icon-button" aria-label="Dismiss" onClick={dismiss}>
        <Icon name="close" />
      </button>
      <ActingFault of={acting} />
    </div>
  )
}

function BuiltOn({ by }: { readonly by: string }) {
  return (
    <>
      <AgentTag author={by} small /> has changed it since; to undo would take that away, too.
    </>
  )
}
