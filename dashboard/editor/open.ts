/** Opens the editor of a file: the one door through which the page loads CodeMirror and Yjs, when it first needs them. */
import { computed, signal, type ReadonlySignal } from '@preact/signals'
import type { FileId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { Drafts } from '../model/drafts.js'
import type { AuthorsOptions, BlamedText, CommittedEdits } from './authors.js'
import type { CaretLook } from './carets.js'
import type { Lines } from './conflict-lines.js'
import { Editor } from './editor.js'
import type { LockLook } from './lock-marks.js'
import { LiveDocument, type LiveState } from './live-document.js'
import { peerOf, type Peer } from './peers.js'
import { rebase, typedLines } from './rebase.js'

export interface OpenOptions {
  readonly parent: HTMLElement
  /** `ws://host:port` */
  readonly server: string
  readonly token: string
  /** Who sits here, as `PERSON-anna`; peers of any kind see that name. */
  readonly author: string
  readonly path: WorkspacePath
  readonly fileId: FileId
  /** Where what could not be sent stays, and what an earlier document of this path left is found. */
  readonly drafts: Drafts
  readonly caretLook: (peer: Peer) => CaretLook
  readonly authors: AuthorsOptions
  /** Shown when the text is there. Null: the top. */
  readonly lines: Lines | null
  readonly now: () => number | null
  /** The lines that are selected; null: a caret only. */
  readonly onLines: (lines: Lines | null) => void
  /** The text is there: what is to be shown in it can be asked for. */
  readonly onText: () => void
  /** Whether the page as a whole is live: what cannot be sent is not to be typed. */
  readonly online: ReadonlySignal<boolean>
  /** Else nothing can be typed at all. */
  readonly mayWrite: boolean
}

export interface OpenFile {
  readonly state: ReadonlySignal<LiveState>
  /** Others who have this document open. */
  readonly peers: ReadonlySignal<readonly Peer[]>
  /** A commit of this file. */
  showCommit(edits: CommittedEdits): void
  /** Nothing happens before the text is there. */
  showBlame(lines: readonly BlamedText[]): void
  showConflicts(lines: readonly Lines[]): void
  showLocks(looks: readonly LockLook[]): void
  showLines(lines: Lines): void
  showPlace(at: number): void
  /** Whether something typed here would be lost with the page. */
  holdsUnsent(): boolean
  close(): void
}

/** How this page shows itself to peers of any kind, beside its name; y-codemirror reads the colours. */
const SELF = { color: '#6c6860', colorLight: '#6c686033' }

export function openFile(options: OpenOptions): OpenFile {
  const {
    parent,
    server,
    token,
    author,
    path,
    fileId,
    drafts,
    caretLook,
    authors,
    lines,
    online,
    mayWrite,
    now,
    onLines,
    onText,
  } = options
  const document = new LiveDocument({ server, path, token, author })
  const { awareness } = document.provider
  const peers = signal<readonly Peer[]>([])
  let editor: Editor | undefined

  awareness.setLocalStateField('user', { ...SELF, name: author })
  const readPeers = () => {
    peers.value = [...awareness.getStates()].flatMap(([client, state]) =>
      client === awareness.clientID ? [] : (peerOf(state) ?? []),
    )
  }
  awareness.on('change', readPeers)

  const takeUpDraft = () => {
    const draft = drafts.take(path)
    if (draft === undefined) return
    const { edits, held } = rebase(draft, document.text.toJSON())
    document.apply(edits)
    drafts.hold(path, held)
  }

  const leaveDraft = () => {
    const unsent = document.unsent()
    if (unsent === null) return
    const underWay = document.state.peek().kind === 'live' && online.peek()
    drafts.keep(path, { ...unsent, fileId, author, underWay, typed: typedLines(unsent) })
  }

  const connected = computed(() => document.state.value.kind === 'live' && online.value)
  const dispose = connected.subscribe((on) => {
    // Before the first sync the document is empty for want of knowledge: an editor would show an empty file.
    if (on && editor === undefined) {
      takeUpDraft()
      editor = new Editor({ parent, path, text: document.text, awareness, caretLook, authors, now, onLines })
      if (lines !== null) editor.showLines(lines)
      onText()
    }
    editor?.setWritable(on && mayWrite)
    if (on) void editor?.loadLanguage()
  })

  return {
    state: document.state,
    peers,
    showCommit: (edits) => editor?.showCommit(edits),
    showBlame: (blamed) => editor?.showBlame(blamed),
    showConflicts: (regions) => editor?.showConflicts(regions),
    showLocks: (looks) => editor?.showLocks(looks),
    showLines: (place) => editor?.showLines(place),
    showPlace: (at) => editor?.showPlace(at),
    holdsUnsent: () => document.unsent() !== null,
    close: () => {
      dispose()
      leaveDraft()
      awareness.off('change', readPeers)
      editor?.close()
      document.close()
    },
  }
}
