/** The text of a file, live. The editor itself is loaded when the first file is opened. */
import { useEffect, useRef } from 'preact/hooks'
import { effect, useComputed, useSignal, useSignalEffect, type Signal } from '@preact/signals'
import { isOfLines } from '../model/of-lines.js'
import type { FileHead } from '../../protocol/files.js'
import type { Blame } from '../../protocol/history.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { BlamedText } from '../editor/authors.js'
import type { CaretLook } from '../editor/carets.js'
import type { LiveState } from '../editor/live-document.js'
import type { Peer } from '../editor/peers.js'
import { addedTexts } from '../model/added-texts.js'
import { personName } from '../model/person.js'
import type { Place } from '../model/place.js'
import { agentColour, colourClass } from '../parts/agent-tag.js'
import { usePage, type Page } from '../parts/context.js'
import type { Store } from '../store.js'
import { lockLooks } from './file-locks.js'
import { EditorNotLoaded, Notice } from './notice.js'
import { Stranded } from './stranded.js'

export interface FileTextProps {
  readonly head: FileHead
  /** Filled with those who have the file open. */
  readonly peers: Signal<readonly Peer[]>
  /** The place of the address; what is selected here becomes it. */
  readonly place: Signal<Place>
  /** Lines that an address has just asked for, in a file that is open. */
  readonly jump: Signal<Place['lines']>
  /** An agent whose edits are brought into sight; null: nobody. */
  readonly followed: Signal<string | null>
}

/** The close code of E_EPOCH. */
const ANOTHER_HISTORY = 4409

type Shown = LiveState | { readonly kind: 'not-loaded' }

export function FileText({ head, peers, place, jump, followed }: FileTextProps) {
  const page = usePage()
  const { store, drafts, token, author, link } = page
  const parent = useRef<HTMLDivElement>(null)
  const state = useSignal<Shown>({ kind: 'opening' })
  const attempt = useSignal(0)
  const hasText = useSignal(false)
  const online = useComputed(() => store.freshness.value.kind !== 'offline' && store.degraded.value === null)

  // The server is back: it may have the editor, too.
  useSignalEffect(() => {
    if (online.value && state.peek().kind === 'not-loaded') attempt.value = attempt.peek() + 1
  })
  useEffect(() => {
    let close = (): void => undefined
    let gone = false
    const open = async () => {
      const { openFile } = await import('../editor/open.js')
      if (gone || parent.current === null) return
      const file = openFile({
        parent: parent.current,
        server: location.origin.replace(/^http/, 'ws'),
        token,
        author,
        path: head.path,
        fileId: head.id,
        drafts,
        caretLook: (peer) => caretLook(store, peer),
        authors: {
          look: (author) => authorLook(store, author),
          now: () => store.serverNow.peek(),
        },
        lines: place.peek().rev === null ? place.peek().lines : null,
        now: () => (store.freshness.peek().kind === 'offline' ? null : store.serverNow.peek()),
        onLines: (lines) => (place.value = { rev: null, lines }),
        onText: () => {
          hasText.value = true
        },
        online,
        mayWrite: !store.readOnly.peek(),
      })
      const disposers = [
        file.state.subscribe((next) => {
          state.value = next
          // Another history stands behind this path: a new document takes up what was typed in this one.
          if (next.kind === 'refused' && next.code === ANOTHER_HISTORY) attempt.value += 1
        }),
        file.peers.subscribe((next) => (peers.value = next)),
        store.commits.subscribe((commits) => {
          for (const {
            head: { path, author, time },
            edits,
          } of commits) {
            if (path !== head.path || edits === null) continue
            const added = addedTexts(edits)
            file.showCommit({ author, time, added })
            const at = added.at(-1)?.at ?? edits.at(-1)?.at
            if (author === followed.peek() && at !== undefined) file.showPlace(at)
          }
        }),
        effect(() => {
          if (hasText.value && jump.value !== null) file.showLines(jump.value)
        }),
        effect(() => {
          const here = store.openConflicts.value.filter(
            (conflict) => conflict.path === head.path && isOfLines(conflict),
          )
          if (!hasText.value) return
          Promise.all(here.map(({ id }) => link.ask('conflict', { id }))).then(
            (shown) => file.showConflicts(shown.flatMap(({ now }) => (now === null ? [] : [now.lines]))),
            // The panel at the side tells of them, too.
            () => undefined,
          )
        }),
        effect(() => {
          const looks = lockLooks(page, head.path)
          if (hasText.value) file.showLocks(looks)
        }),
        effect(() => {
          if (!hasText.value) return
          readBlame(page, head.path).then(
            (lines) => file.showBlame(lines),
            // Without it, bars tell of what is written from now on.
            () => undefined,
          )
        }),
      ]
      const warn = (event: BeforeUnloadEvent) => {
        if (file.state.peek().kind !== 'live' && file.holdsUnsent()) event.preventDefault()
      }
      addEventListener('beforeunload', warn)
      disposers.push(() => removeEventListener('beforeunload', warn))
      close = () => {
        for (const dispose of disposers) dispose()
        file.close()
      }
    }
    open().catch(() => (state.value = { kind: 'not-loaded' }))
    return () => {
      gone = true
      close()
      hasText.value = false
      peers.value = []
    }
  }, [head.path, head.id, attempt.value])

  return (
    <div class="file-text" data-state={state.value.kind}>
      <Stranded path={head.path} />
      <State state={state.value} again={() => (attempt.value += 1)} />
      <div ref={parent} class="editor" />
    </div>
  )
}

function State({ state, again }: { readonly state: Shown; readonly again: () => void }) {
  const degraded = usePage().store.degraded.value
  switch (state.kind) {
    case 'live':
      return degraded === null ? null : (
        <p class="editor-state" role="status">
          <b>Read-only.</b> The server stores nothing at the moment. {degraded}
        </p>
      )
    case 'opening':
      return <p class="editor-state dim">Opening…</p>
    case 'broken':
      return (
        <p class="editor-state" role="status">
          <b>Read-only.</b> The connection of this file broke. What you had typed is kept and sent when it is back.
        </p>
      )
    case 'refused':
      return (
        <Notice title="The server does not give this file">
          <p>{refusal(state.code, state.reason)}</p>
          <button type="button" class="button" onClick={again}>
            Open it again
          </button>
        </Notice>
      )
    case 'not-loaded':
      return <EditorNotLoaded />
  }
}

/** @param code as in protocol/errors.ts */
function refusal(code: number, reason: string): string {
  switch (code) {
    case 4401:
      return 'It does not accept this token any more.'
    case 4404:
      return 'It knows no such file.'
    case 4415:
      return 'It is not text any more.'
    default:
      return reason === '' ? `It closed the connection with ${code}.` : reason
  }
}

/** A peer that names itself as an agent looks like that agent everywhere; everybody else is a person, in ink. */
function caretLook(store: Store, { name }: Peer): CaretLook {
  if (!store.isAgent(name)) return { label: personName(name), colour: 'var(--text)', outlined: true }
  const tag = store.tag(name)
  return { label: tag.text, colour: agentColour(tag), outlined: tag.outlined }
}

function authorLook(store: Store, author: string) {
  const tag = store.tag(author)
  return { label: tag.text, colour: agentColour(tag), colourClass: colourClass(tag), isAgent: store.isAgent(author) }
}

/** A longer file has bars down to here. */
const MOST_LINES = 20_000

async function readBlame({ link }: Page, path: WorkspacePath): Promise<BlamedText[]> {
  const found: BlamedText[] = []
  for (let from: number | null = 1; from !== null && from <= MOST_LINES;) {
    const page: Blame = await link.ask('blame', { path, from })
    found.push(...page.lines)
    from = page.next
  }
  return found
}
