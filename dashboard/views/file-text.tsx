/** The text of a file, live. The editor itself is loaded when the first file is opened. */
import { useEffect, useRef } from 'preact/hooks'
import { useComputed, useSignal, type Signal } from '@preact/signals'
import type { FileHead } from '../../protocol/files.js'
import type { CaretLook } from '../editor/carets.js'
import type { LiveState } from '../editor/live-document.js'
import type { Peer } from '../editor/peers.js'
import { addedTexts } from '../model/added-texts.js'
import { agentColour } from '../parts/agent-tag.js'
import { usePage } from '../parts/context.js'
import type { Store } from '../store.js'
import { Notice } from './notice.js'
import { Stranded } from './stranded.js'

export interface FileTextProps {
  readonly head: FileHead
  /** Filled with those who have the file open. */
  readonly peers: Signal<readonly Peer[]>
}

/** The close code of E_EPOCH. */
const ANOTHER_HISTORY = 4409

type Shown = LiveState | { readonly kind: 'not-loaded' }

export function FileText({ head, peers }: FileTextProps) {
  const { store, drafts, token } = usePage()
  const parent = useRef<HTMLDivElement>(null)
  const state = useSignal<Shown>({ kind: 'opening' })
  const attempt = useSignal(0)
  const online = useComputed(() => store.freshness.value.kind !== 'offline' && store.degraded.value === null)

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
        path: head.path,
        fileId: head.id,
        drafts,
        caretLook: (peer) => caretLook(store, peer),
        authors: {
          look: (author) => ({ label: store.tag(author).text, colour: agentColour(store.tag(author)) }),
          now: () => store.serverNow.peek(),
        },
        line: lineOfAddress(),
        online,
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
            if (path === head.path && edits !== null) file.showCommit({ author, time, added: addedTexts(edits) })
          }
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
      return (
        <Notice title="The editor could not be loaded">
          <p>The server did not deliver it. It may have been stopped, or replaced by another version.</p>
          <button type="button" class="button" onClick={() => location.reload()}>
            Reload the page
          </button>
        </Notice>
      )
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
  if (!store.isAgent(name)) return { label: name, colour: 'var(--text)', outlined: true }
  const tag = store.tag(name)
  return { label: tag.text, colour: agentColour(tag), outlined: tag.outlined }
}

/** `#L12` */
function lineOfAddress(): number | null {
  const line = /^#L(\d+)$/.exec(location.hash)?.[1]
  return line === undefined ? null : Number(line)
}
