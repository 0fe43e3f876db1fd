/** A file as one revision left it, to read. */
import { useEffect, useRef } from 'preact/hooks'
import { useSignal } from '@preact/signals'
import { toEnsembleError, type EnsembleError } from '../../protocol/errors.js'
import type { FileVersion as Version } from '../../protocol/history.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import { addedTexts } from '../model/added-texts.js'
import { formatShortClock } from '../model/format.js'
import { AgentTag, colourClass } from '../parts/agent-tag.js'
import { usePage } from '../parts/context.js'

export interface FileVersionProps {
  readonly path: WorkspacePath
  readonly rev: number
  /** Back to the text as it is now. */
  readonly leave: () => void
}

export function FileVersion({ path, rev, leave }: FileVersionProps) {
  const { store, link } = usePage()
  const parent = useRef<HTMLDivElement>(null)
  const version = useSignal<Version | null>(null)
  const fault = useSignal<EnsembleError | null>(null)
  useEffect(() => {
    let close = (): void => undefined
    let gone = false
    const open = async () => {
      const [found, { openVersion }] = await Promise.all([
        link.ask('version', { path, rev }),
        import('../editor/version-text.js'),
      ])
      if (gone || parent.current === null) return
      version.value = found
      fault.value = null
      const { entry, content } = found
      if (content?.kind !== 'text') return
      close = openVersion({
        parent: parent.current,
        path,
        label: `${path}, as revision ${rev} left it. Read-only.`,
        text: content.text,
        added: entry.edits === null ? [] : addedTexts(entry.edits),
        wordClass: colourClass(store.tag(entry.author)),
      })
    }
    open().catch((thrown: unknown) => {
      if (!gone) fault.value = toEnsembleError(thrown)
    })
    return () => {
      gone = true
      close()
    }
  }, [path, rev])
  const entry = version.value?.entry.rev === rev ? version.value.entry : null
  return (
    <div class="file-version">
      <p class="editor-state" role="status">
        {fault.value !== null ? (
          <span>
            <b>Revision {rev} cannot be shown.</b> {fault.value.message}
          </span>
        ) : entry === null ? (
          <span class="dim">Reading revision {rev}…</span>
        ) : (
          <span>
            <b>As of {formatShortClock(entry.time)}.</b> Read-only: revision {rev}, by{' '}
            <AgentTag author={entry.author} small />
            {version.value?.content === null && ', which deleted the file'}
            {version.value?.content?.kind === 'binary' && ', of bytes that are not text'}.
          </span>
        )}
        <button type="button" class="button button-small" onClick={leave}>
          Back to now
        </button>
      </p>
      <div ref={parent} class="editor" />
    </div>
  )
}
