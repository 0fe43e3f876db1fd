/** Where a file goes whose path can't be: one name is not a file and a folder at once, in no folder on any disk. */
import type { Author } from '../../protocol/ids.js'
import { workspacePath, type WorkspacePath } from '../../protocol/paths.js'

/** Of the name: enough to know it again, and a segment holds it with the longest author behind it. In characters. */
const KEPT = 30

/**
 * `src/f` of CODEX-api becomes `src/f~CODEX-api`, with a number behind it where that is taken too.
 *
 * @param above the folder of the path that is a file: then what lies in it goes aside; undefined: the path itself does
 */
export function asidePath(
  path: WorkspacePath,
  author: Author,
  above: string | undefined,
  isFree: (path: WorkspacePath) => boolean,
): WorkspacePath {
  const place = above ?? path
  const inside = path.slice(place.length)
  const slash = place.lastIndexOf('/') + 1
  const name = place.slice(slash)
  for (let number = 1; ; number++) {
    const mark = `~${author}${number === 1 ? '' : `-${number}`}`
    const beside = workspacePath.safeParse(`${place}${mark}${inside}`)
    // Too long by that: at the top, by as much of its name as fits.
    const last = inside.slice(inside.lastIndexOf('/') + 1)
    const short = Array.from(name).slice(0, KEPT).join('')
    const found = beside.success ? beside.data : workspacePath.parse(`${short}${mark}${last === '' ? '' : `/${last}`}`)
    if (isFree(found)) return found
  }
}
