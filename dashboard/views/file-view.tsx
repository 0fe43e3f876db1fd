/** One file: what it is, who is in it, its text to read and edit; or why it cannot be shown. */
import { useSignal, type Signal } from '@preact/signals'
import type { FileHead } from '../../protocol/files.js'
import { fileName, formatBytes, formatClock } from '../model/format.js'
import { isHere } from '../model/roster.js'
import { Age } from '../parts/age.js'
import { AgentTag } from '../parts/agent-tag.js'
import { Asking } from '../parts/asking.js'
import { usePage } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import type { Peer } from '../editor/peers.js'
import { formatRoute } from '../router.js'
import { FILE_SIDE, FileSide } from './file-side.js'
import { FileText } from './file-text.js'
import { Notice } from './notice.js'
import { Stranded } from './stranded.js'

const NOBODY: readonly Peer[] = []

export function FileView({ path }: { readonly path: string }) {
  const { store } = usePage()
  const peers = useSignal(NOBODY)
  const head = store.head(path)
  const drawer = useSignal(false)
  return (
    <>
      <FileHeader path={path} head={head} drawer={drawer} />
      {head !== undefined && !head.deleted && head.kind === 'text' ? (
        <FileText head={head} peers={peers} />
      ) : (
        <NoText path={path} head={head} />
      )}
      <FileSide path={path} peers={peers.value} drawer={drawer} />
    </>
  )
}

interface FileHeaderProps {
  readonly path: string
  readonly head: FileHead | undefined
  /** Whether the panel at the side is open where it is a drawer. */
  readonly drawer: Signal<boolean>
}

function FileHeader({ path, head, drawer }: FileHeaderProps) {
  const { store } = usePage()
  const name = fileName(path)
  const here = store.agents.value.filter((row) => isHere(row) && row.agent.file === path)
  const conflicts = store.openConflicts.value.filter((conflict) => conflict.path === path).length
  return (
    <div class="file-head">
      <a class="icon-button narrow-only" href={formatRoute({ view: 'files', path: null })} aria-label="All files">
        <Icon name="back" />
      </a>
      <h1 class="path">
        <span>{path.slice(0, path.length - name.length)}</span>
        <b>{name}</b>
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
