/** Where the paths of a workspace are on this disk, and what stands there; no symlink is followed on the way (BRIDGE-18). */
import { join } from 'node:path'
import { sightOf, type Sight } from './stamp.js'

export class Places {
  readonly root: string

  /** @param root absolute, without symlinks */
  constructor(root: string) {
    this.root = root
  }

  of(path: string): string {
    return join(this.root, path)
  }

  /** What stands at `path`. A way there that leads over a symlink is `special`, over a file `under-file`. */
  sight(path: string): Sight {
    const barrier = this.barrier(path)
    return barrier?.sight ?? sightOf(this.of(path))
  }

  /** The first ancestor of `path`, below the root, that is no folder; undefined if all of them are. */
  barrier(path: string): { readonly folder: string; readonly sight: Sight } | undefined {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash)
      const sight = sightOf(this.of(folder))
      if (sight.kind === 'file') return { folder, sight: { kind: 'under-file' } }
      if (sight.kind !== 'folder') return { folder, sight }
    }
    return undefined
  }
}
