/** How a conflict came about, as far as its record and the journal tell. */
import { formatClock } from '../model/format.js'
import { happened, type Known } from '../model/happened.js'
import { AgentTag } from '../parts/agent-tag.js'

export function HowItHappened({ known: { conflict, entries } }: { readonly known: Known }) {
  return (
    <ol class="happened">
      {happened(conflict, entries).steps.map(({ author, words, time }) => (
        <li key={words}>
          {author === null ? <span /> : <AgentTag author={author} small />}
          <span>
            {words}
            {time !== null && <small>{formatClock(time)}</small>}
          </span>
        </li>
      ))}
    </ol>
  )
}
