/** Both sides of a conflict beside what they started from, and the result below, to be put together and resolved. */
import { useEffect, useRef } from 'preact/hooks'
import { signal, useComputed, useSignal, useSignalEffect } from '@preact/signals'
import type { ConflictChoice } from '../../protocol/conflicts.js'
import { isOfLines } from '../model/of-lines.js'
import { toEnsembleError, type EnsembleError } from '../../protocol/errors.js'
import type { Begun, OpenMerge } from '../editor/open-merge.js'
import { firstUse, formatChangePlace, parseChangePlace, piecesOf, type SideName, type Use } from '../model/changes.js'
import { formatClock, formatCount } from '../model/format.js'
import { happened, type Known } from '../model/happened.js'
import { surroundings } from '../model/surroundings.js'
import { AgentTag, colourClass, shortName, tagLook } from '../parts/agent-tag.js'
import { useCommands, usePage } from '../parts/context.js'
import { Fault } from './conflict-decision.js'
import { HowItHappened } from './conflict-happened.js'
import { EditorNotLoaded } from './notice.js'

/** Results that are begun and not open, by conflict: whoever looks at something else finds them again. */
export const begunResults = signal<ReadonlyMap<string, BegunWith>>(new Map())

/** With the text that stood there when it was begun: its spots lie on the changes from that. */
interface BegunWith extends Begun {
  readonly ours: string
}

function keep(id: string, begun: BegunWith | null): void {
  const rest = [...begunResults.peek()].filter(([other]) => other !== id)
  begunResults.value = new Map(begun === null ? rest : [...rest, [id, begun]])
}

function take(id: string): Begun | null {
  const begun = begunResults.peek().get(id) ?? null
  keep(id, null)
  return begun
}

addEventListener('beforeunload', (event) => {
  const begun = [...begunResults.peek().values()]
  if (begun.some(({ spots }) => spots.some(({ decided }) => decided === 'typed'))) event.preventDefault()
})

/** Lines shown around the region. */
const MARGIN = 12
const NARROW_MARGIN = 3
const NARROW = '(max-width: 640px)'

interface Texts extends Record<'ours' | 'theirs', string> {
  readonly base: string | null
  /** What stands in the file there now; null: nobody knows where that is. */
  readonly standing: string | null
}

export interface ConflictCompareProps {
  readonly known: Known
  /** It was decided here; the server's word of it may still be on its way. */
  readonly resolved: () => void
}

export function ConflictCompare({ known, resolved }: ConflictCompareProps) {
  const { store, link } = usePage()
  const { conflict } = known
  const parents = {
    ours: useRef<HTMLDivElement>(null),
    base: useRef<HTMLDivElement>(null),
    theirs: useRef<HTMLDivElement>(null),
    result: useRef<HTMLDivElement>(null),
  }
  const tab = useSignal<SideName>('ours')
  const merge = useSignal<OpenMerge | null>(null)
  const notLoaded = useSignal(false)
  const attempt = useSignal(0)
  const fault = useSignal<EnsembleError | null>(null)
  const isAsked = useSignal(false)
  const { canWrite, readOnly } = store
  // A whole file may be written meanwhile: the editors stay upon what stood there first, under the hand of whoever types.
  const first = useSignal(begunResults.peek().get(conflict.id)?.ours ?? textsOf(known).ours)
  const texts = { ...textsOf(known), ours: first.value }
  const pieces = piecesOf(texts.base, texts.ours, texts.theirs)
  const changes = pieces.filter((piece) => piece.kind === 'change')
  const decided = merge.value?.decided.value ?? changes.map(firstUse)
  const left = decided.filter((one) => one === null).length

  const resolve = async () => {
    const open = merge.peek()
    if (open === null || isAsked.peek() || !canWrite.peek()) return
    if (open.decided.peek().includes(null)) {
      open.next()
      return
    }
    isAsked.value = true
    fault.value = null
    try {
      const choice = choiceOf(known, texts, open.text())
      await link.resolve(conflict.id, choice)
      keep(conflict.id, null)
      merge.value = null
      resolved()
    } catch (thrown) {
      fault.value = toEnsembleError(thrown)
    }
    isAsked.value = false
  }
  const useCurrent = (use: Use) => () => merge.peek()?.use(merge.peek()?.current.peek() ?? 0, use)
  useCommands({
    nextChange: () => merge.peek()?.next(),
    useOurs: useCurrent('ours'),
    useBase: useCurrent('base'),
    useTheirs: useCurrent('theirs'),
    useBoth: useCurrent('both'),
    resolve: () => void resolve(),
  })

  // The server is back: it may have the editor now. Once, and not with each second that it is behind.
  const isHeard = useComputed(() => store.freshness.value.kind !== 'offline')
  useSignalEffect(() => {
    if (isHeard.value && notLoaded.peek()) attempt.value = attempt.peek() + 1
  })
  const margin = window.matchMedia(NARROW).matches ? NARROW_MARGIN : MARGIN
  useEffect(() => {
    let close = (): void => undefined
    let gone = false
    const open = async () => {
      const { openMerge } = await import('../editor/open-merge.js')
      notLoaded.value = false
      const [ours, theirs, result] = [parents.ours.current, parents.theirs.current, parents.result.current]
      if (gone || ours === null || theirs === null || result === null) return
      const opened = openMerge({
        parents: { ours, theirs, result, base: parents.base.current },
        path: conflict.path,
        pieces,
        around: aroundOf(known, margin),
        looks: {
          ours: lookOf(conflict.authors.ours),
          base: { label: 'Base, what both started from', tag: null, wordClass: 'remote-ink' },
          theirs: lookOf(conflict.authors.theirs),
        },
        start: parseChangePlace(location.hash),
        begun: take(conflict.id),
        mayChoose: !readOnly.peek(),
        onResolve: () => void resolve(),
      })
      merge.value = opened
      const dispose = canWrite.subscribe((on) => opened.setWritable(on))
      const leave = keepPlace(opened)
      const warn = (event: BeforeUnloadEvent) => {
        if (opened.decided.peek().includes('typed')) event.preventDefault()
      }
      addEventListener('beforeunload', warn)
      close = () => {
        dispose()
        leave()
        removeEventListener('beforeunload', warn)
        // Of one that is resolved nothing is to be gone on with.
        const begun = merge.peek() === null ? null : opened.begun()
        if (begun !== null) keep(conflict.id, { ...begun, ours: texts.ours })
        merge.value = null
        opened.close()
      }
    }
    open().catch(() => (notLoaded.value = true))
    return () => {
      gone = true
      close()
    }
  }, [attempt.value])

  function lookOf(author: string) {
    const tag = store.tag(author)
    return { label: `What ${tag.name} wrote`, tag: tagLook(tag), wordClass: colourClass(tag) }
  }

  const { baseTime, oursTime } = happened(conflict, known.entries)
  const useAll = (use: Use) => () => merge.peek()?.useAll(use)
  return (
    <>
      <Moved known={known} texts={texts} />
      <div class={`panes${texts.base === null ? ' panes-two' : ''}`} data-tab={tab}>
        <div class="pane-tabs" role="group" aria-label="Which side to show">
          {(['ours', 'base', 'theirs'] as const).map(
            (side) =>
              (side !== 'base' || texts.base !== null) && (
                <button key={side} type="button" aria-pressed={tab.value === side} onClick={() => (tab.value = side)}>
                  <SideTitle side={side} known={known} />
                </button>
              ),
          )}
        </div>
        <Pane
          side="ours"
          known={known}
          note="stands in the file"
          time={oursTime}
          useAll={readOnly.value ? null : useAll('ours')}
        >
          <div ref={parents.ours} class="pane-text" />
        </Pane>
        {texts.base !== null && (
          <Pane side="base" known={known} note="what both started from" time={baseTime} useAll={null}>
            <div ref={parents.base} class="pane-text" />
          </Pane>
        )}
        <Pane
          side="theirs"
          known={known}
          note="is kept here"
          time={conflict.time}
          useAll={readOnly.value ? null : useAll('theirs')}
        >
          <div ref={parents.theirs} class="pane-text" />
        </Pane>
      </div>
      <div class="result">
        <h2>
          Result{' '}
          <span class="soft">
            {canWrite.value ? 'you can type here' : readOnly.value ? 'read-only' : 'read-only while the server is away'}
          </span>
        </h2>
        <div ref={parents.result} class="pane-text" />
        {notLoaded.value && <EditorNotLoaded />}
      </div>
      <details class="reasons" open={!window.matchMedia('(max-width: 1180px)').matches}>
        <summary>How it happened</summary>
        <HowItHappened known={known} />
        <h2>After you resolve</h2>
        <p class="soft">
          The result goes to every agent and to disk as one edit, and both authors are told. You can undo it for as long
          as it is the last to have changed these lines.
        </p>
      </details>
      {!readOnly.value && (
        <footer class="conflict-foot">
          <span class="decided-bars" aria-hidden="true">
            {decided.map((one, index) => (
              <i key={index} class={one === null ? '' : 'decided'} />
            ))}
          </span>
          <span>
            <b>
              {decided.length - left} of {decided.length}
            </b>{' '}
            {decided.length === 1 ? 'change' : 'changes'} decided
          </span>
          <span class="soft wide-only">
            <kbd>F7</kbd> goes to the next
          </span>
          <Fault error={fault.value} />
          <button
            type="button"
            class="button button-primary"
            disabled={left > 0 || isAsked.value || !canWrite.value || merge.value === null}
            title={canWrite.value ? 'Ctrl+Enter' : 'The server is away; resolve when it is back.'}
            onClick={() => void resolve()}
          >
            {isAsked.value ? 'Writing…' : left === 0 ? 'Resolve' : `Resolve, ${formatCount(left, 'change')} left`}
          </button>
        </footer>
      )}
    </>
  )
}

/** The address follows the change that is looked at, once it is another than the first one, and leads to it. */
function keepPlace(merge: OpenMerge): () => void {
  const { current } = merge
  const first = current.peek()
  const write = (index: number) => history.replaceState(null, '', location.pathname + formatChangePlace(index))
  const dispose = current.subscribe((index) => {
    if (index !== first || location.hash !== '') write(index)
  })
  const read = () => {
    const index = parseChangePlace(location.hash)
    if (index === null) return
    merge.go(index)
    // It may have named a change that is none.
    write(current.peek())
  }
  addEventListener('hashchange', read)
  return () => {
    dispose()
    removeEventListener('hashchange', read)
  }
}

interface PaneProps {
  readonly side: SideName
  readonly known: Known
  readonly note: string
  readonly time: number | null
  readonly useAll: (() => void) | null
  readonly children: preact.ComponentChildren
}

function Pane({ side, known, note, time, useAll, children }: PaneProps) {
  const { store } = usePage()
  const name = side === 'base' ? 'Base' : store.tag(known.conflict.authors[side]).name
  return (
    <div class={`pane pane-${side}`} role="group" aria-label={`${name}, ${note}`}>
      <h2>
        <SideTitle side={side} known={known} />
        <span class="soft">{note}</span>
        <span class="pane-end">
          {time !== null && <span class="soft">{formatClock(time)}</span>}
          {useAll !== null && (
            <button
              type="button"
              class="button button-small"
              title="For all changes but those that were typed in"
              onClick={useAll}
            >
              Use all
            </button>
          )}
        </span>
      </h2>
      {children}
    </div>
  )
}

function SideTitle({ side, known }: { readonly side: SideName; readonly known: Known }) {
  const { store } = usePage()
  if (side === 'base') return <b>Base</b>
  const author = known.conflict.authors[side]
  return (
    <>
      <AgentTag author={author} small /> <b>{shortName(store.tag(author))}</b>
    </>
  )
}

/** Where what stood there was changed since, the choice is merged with that, or refused. */
function Moved({ known: { conflict, now }, texts }: { readonly known: Known; readonly texts: Texts }) {
  const { store, link } = usePage()
  const fault = useSignal<EnsembleError | null>(null)
  if (texts.standing === texts.ours) return null
  const isWhole = !isOfLines(conflict)
  if (!isWhole && conflict.markers !== undefined && texts.standing === conflict.markers) {
    return <p class="editor-state">Both sides stand in the file, between markers. The result takes their place.</p>
  }
  const keepStanding = async () => {
    try {
      await link.resolve(conflict.id, { kind: 'ours' })
    } catch (thrown) {
      fault.value = toEnsembleError(thrown)
    }
  }
  return (
    <div class="editor-state moved">
      <p>
        <b>{isWhole ? 'This file was' : 'These lines were'} changed since.</b>{' '}
        {now === null && !isWhole ? 'What stood there is gone.' : 'The file reads otherwise now.'} A result is merged
        with that, or refused where it does not merge.
      </p>
      {isWhole && (
        // The browser asks whoever has typed something.
        <button type="button" class="button" onClick={() => location.reload()}>
          Begin anew
        </button>
      )}
      {!store.readOnly.value && (
        <button type="button" class="button" onClick={() => void keepStanding()}>
          Keep what stands now
        </button>
      )}
      <Fault error={fault.value} />
    </div>
  )
}

function textsOf({ conflict, now, content }: Known): Texts {
  if (isOfLines(conflict)) {
    return { base: conflict.base, ours: conflict.ours, theirs: conflict.theirs, standing: now?.text ?? null }
  }
  const ours = content?.kind === 'text' ? content.text : ''
  return { base: null, ours, theirs: conflict.theirs?.kind === 'text' ? conflict.theirs.text : '', standing: ours }
}

const NOTHING = { before: '', after: '', firstLine: 1 }

function aroundOf({ conflict, now, content }: Known, margin: number) {
  if (!isOfLines(conflict) || now === null || content?.kind !== 'text') return NOTHING
  const { text } = content
  let from = 0
  for (let line = 1; line < now.lines.from; line++) from = text.indexOf('\n', from) + 1
  // Read a moment apart, the two may not fit: then the region stands alone.
  if (!text.startsWith(now.text, from)) return NOTHING
  return surroundings(text, from, from + now.text.length, margin)
}

/** A result that is one of the sides is told as that choice. */
function choiceOf({ conflict, content }: Known, { ours, theirs }: Texts, text: string): ConflictChoice {
  if (text === ours) return { kind: 'ours' }
  if (text === theirs) return { kind: 'theirs' }
  const form = content?.kind === 'text' ? { bom: content.bom, eol: content.eol } : { bom: false, eol: 'lf' as const }
  const whole = isOfLines(conflict) ? { bom: false, eol: form.eol } : form
  return { kind: 'text', content: { kind: 'text', text, ...whole } }
}
