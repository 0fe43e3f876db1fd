/** Files: the tree at the left, the file beside it. On a narrow screen one or the other. */
import { formatCount } from '../model/format.js'
import { usePage } from '../parts/context.js'
import { FileTree } from './file-tree.js'
import { FileView } from './file-view.js'
import { Notice } from './notice.js'

export function Files({ path }: { readonly path: string | null }) {
  return (
    <div class={`files${path === null ? ' files-list' : ''}`}>
      {path === null && <h1 class="visually-hidden">Files</h1>}
      <FileTree selected={path} />
      {path === null ? <NoFile /> : <FileView key={path} path={path} />}
    </div>
  )
}

function NoFile() {
  const { store } = usePage()
  const files = store.tree.value.paths.length
  return (
    <Notice title="Choose a file">
      {store.filesKnown.value && `${formatCount(files, 'file')} in step. `}
      What you type in a file goes to every agent and to disk at once; what they write appears here.
    </Notice>
  )
}
