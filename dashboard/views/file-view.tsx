/** One file: what it is, who is in it, its text to read and edit; or why it cannot be shown. */
import { useEffect } from 'preact/hooks'
import { signal, useSignal, useSignalEffect, type Signal } from '@preact/signals'
import type { FileHead } from '../../protocol/files.js'
import { formatBytes, formatClock } from '../model/format.js'
import { formatPlace, parsePlace, type Place } from '../model/place.js'
import { isHere } from '../model/roster.js'
import { Age } from '../parts/age.js'
import { AgentTag } from '../parts/agent-tag.js'
import { Asking } from '../parts/asking.js'
import { useCommands, usePage, type Page } from '../parts/context.js'
import { FilePath } from '../parts/file-path.js'
import { Icon } from '../parts/icon.js'
import type { Peer } from '../editor/peers.js'
import { formatRoute } from '../router.js'
import type { Store } from '../store.js'
import { FileHistory } from './file-history.js'
import { Moved, useMoved } from './file-moved.js'
import { LockButton, WholeFileLock } from './file-locks.js'
import { FILE_SIDE, FileSide } from './file-side.js'
import { FileText } from './file-text.js'
import { FileVersion } from './file-version.js'
import { Notice } from './notice.js'
import { Stranded } from './stranded.js'

const NOBODY: readonly Peer[] = []

const isBlamed = signal(true)
const hasHistory = signal(true)

export function FileView({ path }: { readonly path: string }) {
  const page = usePage()
  const { store, router, following } = page
  const peers = useSignal(NOBODY)
  const head = store.head(path)
  const drawer = useSignal(false)
  const place = useSignal(parsePlace(location.hash))
  const jump = useSignal<Place['lines']>(null)
  const isText = head !== undefined && !head.deleted && head.kind === 'text'
  const { rev } = place.value
  useSignalEffect(() => {
    const hash = formatPlace(place.value)
    if (hash !== location.hash) history.replaceState(null, '', location.pathname + hash)
  })
  useEffect(() => {
    const read = () => {
      place.value = parsePlace(location.hash)
      jump.value = place.value.lines
    }
    addEventListener('hashchange', read)
    return () => removeEventListener('hashchange', read)
  }, [])
  useSignalEffect(() => {
    const whom = following.value
    const file = store.agents.value.find((row) => row.agent.agentId === whom && isHere(row))?.agent.file ?? null
    if (file !== null && file !== path) router.go({ view: 'files', path: file })
  })
  useMoved(page, path)
  useCommands({
    blame: () => (isBlamed.value = !isBlamed.peek()),
    follow: () => follow(page, path),
    history: () => (hasHistory.value = !hasHistory.peek()),
  })
  return (
    <>
      <FileHeader path={path} head={head} drawer={drawer} place={place} />
      <div class={`file-body${isBlamed.value ? '' : ' file-unblamed'}${rev === null ? '' : ' file-past'}`}>
        <Moved path={path} />
        {isText && <WholeFileLock path={path} />}
        {isText ? (
          <FileText head={head} peers={peers} place={place} jump={jump} followed={following} />
        ) : (
          <NoText path={path} head={head} />
        )}
        {rev !== null && head !== undefined && (
          <FileVersion path={head.path} rev={rev} leave={() => (place.value = { rev: null, lines: null })} />
        )}
        {hasHistory.value && head !== undefined && <FileHistory path={head.path} rev={head.rev} place={place} />}
      </div>
      <FileSide path={path} peers={peers.value} drawer={drawer} />
    </>
  )
}

/** Those who are here, or have changed the file lately: the next one after whom is followed, and then nobody. */
function follow({ store, following }: Page, path: string): void {
  const names = followable(store, path)
  const index = following.peek() === null ? -1 : names.indexOf(following.peek() ?? '')
  following.value = names[index + 1] ?? null
}

function followable(store: Store, path: string): readonly string[] {
  const here = store.agents.peek().filter((row) => isHere(row) && row.agent.file === path)
  const lately =
    store.work
      .peek()
      .activity.files.get(path)
      ?.authors.filter((author) => store.isAgent(author)) ?? []
  return [...new Set([...here.map((row) => row.agent.agentId), ...lately])]
}

interface FileHeaderProps {
  readonly path: string
  readonly head: FileHead | undefined
  /** Whether the panel at the side is open where it is a drawer. */
  readonly drawer: Signal<boolean>
  readonly place: Signal<Place>
}

function FileHeader({ path, head, drawer, place }: FileHeaderProps) {
  const { store } = usePage()
  const here = store.agents.value.filter((row) => isHere(row) && row.agent.file === path)
  const conflicts = store.openConflicts.value.filter((conflict) => conflict.path === path).length
  return (
    <div class="file-head">
      <a class="icon-button narrow-only" href={formatRoute({ view: 'files', path: null })} aria-label="All files">
        <Icon name="back" />
      </a>
      <h1 class="path" title={path}>
        <FilePath path={path} />
      </h1>
      <span class="tags">
        {here.map((row) => (
          <AgentTag key={row.agent.agentId} author={row.agent.agentId} small />
        ))}
      </span>
      {head !== undefined && !head.deleted && (
        <p class="file-facts wide-only">
          <AgentTag author={head.author} small />
          <Age of={head.time} past />
          <span class="dim">
            revision {head.rev}, {formatBytes(head.size)}
            {head.eol === 'crlf' && ', CRLF'}
            {head.bom && ', BOM'}
            {head.executable && ', executable'}
          </span>
        </p>
      )}
      {head !== undefined && !head.deleted && head.kind === 'text' && <FileTools head={head} place={place} />}
      <button
        type="button"
        class="button drawer-button"
        aria-label="In this file"
        aria-expanded={drawer}
        aria-controls={FILE_SIDE}
        onClick={() => (drawer.value = !drawer.value)}
      >
        <Icon name="panel" />
        <span class="wide-only">In this file</span>
        {conflicts > 0 && <span class="badge">{conflicts}</span>}
      </button>
    </div>
  )
}

function FileTools({ head, place }: { readonly head: FileHead; readonly place: Signal<Place> }) {
  const { store, following } = usePage()
  const names = followable(store, head.path)
  const whom = following.value ?? names[0]
  const isFollowing = following.value !== null
  return (
    <div class="file-tools">
      {whom !== undefined && (
        <button
          type="button"
          class="button button-ghost"
          aria-pressed={isFollowing}
          title={`Bring what ${store.tag(whom).name} edits into sight`}
          onClick={() => (following.value = isFollowing ? null : whom)}
        >
          <Icon name="eye" />
          <span class="button-words">
            {isFollowing ? 'Following' : 'Follow'} {store.tag(whom).text}
          </span>
        </button>
      )}
      <button
        type="button"
        class="button button-ghost wide-only"
        aria-pressed={isBlamed.value}
        title="Who wrote which line"
        onClick={() => (isBlamed.value = !isBlamed.value)}
      >
        <Icon name="lines" />
        <span class="button-words">Blame</span>
      </button>
      <button
        type="button"
        class="button button-ghost"
        aria-pressed={hasHistory.value}
        title="The file as it was"
        onClick={() => (hasHistory.value = !hasHistory.value)}
      >
        <Icon name="history" />
        <span class="button-words">History</span>
      </button>
      <LockButton path={head.path} place={place} />
    </div>
  )
}

function NoText({ path, head }: { readonly path: string; readonly head: FileHead | undefined }) {
  return (
    <div class="file-text">
      <Stranded path={path} />
      <WhyNoText path={path} head={head} />
    </div>
  )
}

function WhyNoText({ path, head }: { readonly path: string; readonly head: FileHead | undefined }) {
  const { store } = usePage()
  if (!store.filesKnown.value)
    return (
      <Notice title="The file">
        <Asking what="which files there are" />
      </Notice>
    )
  if (head === undefined) {
    return (
      <Notice title="There is no such file">
        The workspace holds no <code>{path}</code>. It may be ignored, or have been renamed; if someone creates it, it
        appears here.
      </Notice>
    )
  }
  if (head.deleted) {
    return (
      <Notice title="This file was deleted">
        <AgentTag author={head.author} small /> deleted it at {formatClock(head.time)}, at revision {head.rev}. If it
        comes back, it appears here.
      </Notice>
    )
  }
  return (
    <Notice title="This file is not text">
      {formatBytes(head.size)} of bytes, revision {head.rev}, by <AgentTag author={head.author} small /> at{' '}
      {formatClock(head.time)}. Such files are synced as a whole: the last writer wins, and a version that was written
      at the same time is kept as a conflict.
    </Notice>
  )
}
