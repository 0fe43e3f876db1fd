/** Where the work is: the files with most changes of the last quarter of an hour. */
import { Component } from 'preact'
import { useMemo } from 'preact/hooks'
import { useComputed } from '@preact/signals'
import { busiest, heat, type FileActivity } from '../model/activity.js'
import { formatCount } from '../model/format.js'
import { keeper } from '../model/kept.js'
import { AgentTag } from '../parts/agent-tag.js'
import { usePage } from '../parts/context.js'
import { HeatBar } from '../parts/heat-bar.js'
import { formatRoute } from '../router.js'

const MOST_FILES = 8
const MOST_AUTHORS = 3

export function BusyFiles() {
  const { store } = usePage()
  const keep = useMemo(() => keeper<FileActivity>(), [])
  const files = useComputed(() => keep(busiest(store.work.value.activity.files, MOST_FILES))).value
  const most = files[0]?.changes ?? 0
  return (
    <section class="busy" aria-labelledby="busy-title">
      <div class="section-head">
        <h2 id="busy-title">Busy files</h2>
        <span class="dim">last 15 minutes</span>
      </div>
      <ol class="busy-files">
        {files.map((file) => (
          <BusyFile key={file.path} file={file} most={most} />
        ))}
        {files.length === 0 && <li class="dim">No file was changed.</li>}
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
          {file.authors.slice(0, MOST_AUTHORS).map((author) => (
            <AgentTag key={author} author={author} small />
          ))}
        </span>
        <span class="soft">{formatCount(file.changes, 'change')}</span>
        <HeatBar value={heat(file.changes, most)} />
      </li>
    )
  }
}
