/** A path in parts, so that where there is no room the folders give way before the name does. */
import { fileName } from '../model/format.js'

export function FilePath({ path }: { readonly path: string }) {
  const name = fileName(path)
  // Without the stroke before the name: it stays when the folders are cut.
  const folders = Math.max(0, path.length - name.length - 1)
  return (
    <>
      <span class="path-folders">{path.slice(0, folders)}</span>
      <span class="path-stroke">{path.slice(folders, path.length - name.length)}</span>
      <b>{name}</b>
    </>
  )
}
