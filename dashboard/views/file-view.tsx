/** One file: what it is, who is in it, its text to read and edit; or why it cannot be shown. */
import { useSignal } from '@preact/signals'
import type { FileHead } from '../../protocol/files.js'
import { fileName, formatBytes, formatClock, formatDuration } from '../model/format.js'
import { isHere } from '../model/roster.js'
import { AgentTag } from '../parts/agent-tag.js'
import { usePage } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import type { Peer } from '../editor/peers.js'
import { formatRoute } from '../router.js'
import { FileSide } from './file-side.js'
import { FileText } from './file-text.js'
import { Notice } from './notice.js'
import { Stranded } from './stranded.js'

const NOBODY: readonly Peer[] = []

export function FileView({ path }: { readonly path: string }) {
  const { store } = usePage()
  const peers = useSignal(NOBODY)
  const head = store.head(path)
  return (
    <>
      <FileHeader path={path} head={head} />
      {head !== undefined && !head.deleted && head.kind === 'text' ? (
        <FileText head={head} peers={peers} />
      ) : (
        <NoText path={path} head={head} />
      )}
      <FileSide path={path} peers={peers.value} />
    </>
  )
}

function FileHeader({ path, head }: { readonly path: string; readonly head: FileHead | undefined }) {
  const { store } = usePage()
  const name = fileName(path)
  const here = store.agents.value.filter((row) => isHere(row) && row.agent.file === path)
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
          {formatDuration(store.serverNow.value - head.time)} ago
          <span class="dim">
            revision {head.rev}, {formatBytes(head.size)}
            {head.eol === 'crlf' && ', CRLF'}
            {head.bom && ', BOM'}
            {head.executable && ', executable'}
          </span>
        </p>
      )}
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
  if (!store.filesKnown.value) return <Notice title="Reading the list of files…" />
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
