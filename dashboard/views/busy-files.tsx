/**
 * Where the work is: the files with most changes of the last quarter of an hour. They move now and then, not with each
 * event, and stand still under the hand of whoever is about to choose one.
 */
import { Component } from 'preact'
import { useMemo, useRef } from 'preact/hooks'
import { useComputed, useSignal } from '@preact/signals'
import { busiest, heat, type FileActivity } from '../model/activity.js'
import { formatCount } from '../model/format.js'
import { keeper } from '../model/kept.js'
import { AgentTag } from '../parts/agent-tag.js'
import { usePage } from '../parts/context.js'
import { HeatBar } from '../parts/heat-bar.js'
import { formatRoute } from '../router.js'

const MOST_FILES = 8
const MOST_AUTHORS = 3
/** A list over a quarter of an hour is brought up to date so often, in milliseconds: nobody reads one that moves all the time. */
const EVERY = 3_000

export function BusyFiles() {
  const { store } = usePage()
  const keep = useMemo(() => keeper<FileActivity>(), [])
  const beat = useComputed(() => Math.floor(store.serverNow.value / EVERY))
  const isHovered = useSignal(false)
  const isFocused = useSignal(false)
  const shown = useRef<readonly FileActivity[]>([])
  const files = useComputed(() => {
    // Read for its beat alone.
    const [isKnown] = [store.recentKnown.value, beat.value]
    const isHeld = isHovered.value || isFocused.value
    if (!isKnown || !isHeld) {
      shown.current = keep(busiest(store.work.peek().activity.files, MOST_FILES))
    }
    return shown.current
  }).value
  const most = files[0]?.changes ?? 0
  return (
    <section class="busy" aria-labelledby="busy-title">
      <div class="section-head">
        <h2 id="busy-title">Busy files</h2>
        <span class="dim">last 15 minutes{(isHovered.value || isFocused.value) && ', held'}</span>
      </div>
      <ol
        class="busy-files"
        onFocusIn={() => (isFocused.value = true)}
        onFocusOut={() => (isFocused.value = false)}
        onPointerEnter={(event) => (isHovered.value = event.pointerType === 'mouse')}
        onPointerLeave={() => (isHovered.value = false)}
      >
        {/* By place: to write another name into a row costs a tenth of what a new row does. */}
        {files.map((file, place) => (
          <BusyFile key={place} file={file} most={most} />
        ))}
        {files.length === 0 && (
          <li class="dim">{store.recentKnown.value ? 'No file was changed.' : 'Not known yet.'}</li>
        )}
      </ol>
    </section>
  )
}

interface BusyFileProps {
  readonly file: FileActivity
  /** The changes of the busiest. */
  readonly most: number
}

class BusyFile extends Component<BusyFileProps> {
  override shouldComponentUpdate({ file, most }: BusyFileProps): boolean {
    return file !== this.props.file || most !== this.props.most
  }

  override render({ file, most }: BusyFileProps) {
    return (
      <li>
        <a class="path path-end" href={formatRoute({ view: 'files', path: file.path })} title={file.path}>
          <bdi>{file.path}</bdi>
        </a>
        <span class="tags">
          {file.authors.slice(0, MOST_AUTHORS).map((author, place) => (
            <AgentTag key={place} author={author} small />
          ))}
        </span>
        <span class="soft">{formatCount(file.changes, 'change')}</span>
        <HeatBar value={heat(file.changes, most)} />
      </li>
    )
  }
}
