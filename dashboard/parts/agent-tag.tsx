/** The tag of an author: shape, letter and colour, the same everywhere on the page. */
import type { Tag } from '../model/tags.js'
import { usePage } from './context.js'

export interface AgentTagProps {
  /** An agent's id, or `DISK`, `PEER`, `git`. */
  readonly author: string
  readonly small?: boolean
  /** It is not connected any more. */
  readonly gone?: boolean
}

export function AgentTag({ author, small = false, gone = false }: AgentTagProps) {
  const tag = usePage().store.tag(author)
  return (
    <span class={tagClass(tag, small, gone)} title={tag.name}>
      {tag.text}
      <span class="visually-hidden">{` (${tag.name})`}</span>
    </span>
  )
}

/** Its instance's name, or what stands for it, without its type. */
export function shortName({ name }: Tag): string {
  return name.replace(/,.*/, '')
}

/** As a value of CSS. */
export function agentColour(tag: Tag): string {
  return tag.colour === null ? 'var(--text)' : `var(--agent-${tag.colour})`
}

/** A class that gives the same colour, for what takes no property of its own. */
export function colourClass(tag: Tag): string {
  return tag.colour === null ? 'remote-ink' : `remote-agent-${tag.colour}`
}

/** For what is built without Preact, as the widgets of the editor are. */
export function tagLook(tag: Tag): { text: string; className: string; colour: string; name: string } {
  return { text: tag.text, className: tagClass(tag, true, false), colour: agentColour(tag), name: tag.name }
}

function tagClass(tag: Tag, small: boolean, gone: boolean): string {
  const classes = ['tag', `tag-${tag.shape}`]
  if (small) classes.push('tag-small')
  if (tag.outlined || gone) classes.push('tag-outlined')
  if (gone) classes.push('tag-gone')
  // In ink unless it has a colour: a class costs less than a style of its own, where there are hundreds.
  if (tag.colour !== null) classes.push(colourClass(tag))
  return classes.join(' ')
}
