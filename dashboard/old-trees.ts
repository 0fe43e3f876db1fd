/**
 * Lets go of what a component showed before it was rendered anew. Preact keeps a component's first tree among the `children`
 * of the element around it, for as long as nobody renders that element again; and as a tree that is kept points to the
 * parts which later trees took over from it, and these to their neighbours of later times, all rows that a list ever had
 * would stay with it. (Preact's own pull request 4910 is about the same at its root.)
 */
import { options, type Options } from 'preact'

/** The parts of Preact that its add-ons are made of; their short names are the same in all its builds. */
interface Inner {
  /** The component that a tree's top stands for; that one's present tree. */
  readonly __c?: { readonly __v?: Inner } | null
  __k?: unknown
}
/** What Preact calls while it draws; the types that it publishes leave these two out. */
interface Steps extends Options {
  /** A tree is about to be compared with the one before. */
  __b?: (tree: Inner) => void
  /** A tree stands in the page. */
  __c?: (tree: Inner, queue: unknown) => void
}

export function letOldTreesGo(): void {
  const steps: Steps = options
  const { __b: compare, __c: commit } = steps
  let former: { readonly tree: Inner; readonly before: Inner } | null = null
  steps.__b = (tree) => {
    // Only a component that renders itself has its tree's top made from the one before, and stands before the next does so.
    const before = tree.__c?.__v
    if (before !== undefined) former = { tree, before }
    compare?.(tree)
  }
  steps.__c = (tree, queue) => {
    if (former?.tree === tree) former.before.__k = null
    former = null
    commit?.(tree, queue)
  }
}
