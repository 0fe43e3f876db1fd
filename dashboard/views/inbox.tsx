/** What waits for a person, each row ending in what can be done. */
import type { Conflict } from '../../protocol/conflicts.js'
import { conflictTitle, ConflictStory } from './conflict-words.js'
import { Age } from '../parts/age.js'
import { usePage } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import { formatRoute } from '../router.js'

/** More than these would push the agents off the first screen. */
const MOST = 4

export function Inbox() {
  const open = usePage().store.openConflicts.value
  if (open.length === 0) return null
  return (
    <ul class="inbox" aria-label="Waiting for you">
      {open.slice(0, MOST).map((conflict) => (
        <InboxRow key={conflict.id} conflict={conflict} />
      ))}
      {open.length > MOST && (
        <li class="inbox-rest">
          <a href={formatRoute({ view: 'conflicts', id: null })}>{open.length - MOST} more</a>
        </li>
      )}
    </ul>
  )
}

function InboxRow({ conflict }: { readonly conflict: Conflict }) {
  return (
    <li>
      <span class="mark">
        <Icon name="conflict" />
      </span>
      <div class="inbox-text">
        <p>
          <b>{conflictTitle(conflict)}</b>
        </p>
        <p class="soft">
          <ConflictStory conflict={conflict} />
        </p>
      </div>
      <span class="inbox-age">
        <Age of={conflict.time} />
      </span>
      <a class="button button-primary" href={formatRoute({ view: 'conflicts', id: conflict.id })}>
        Compare
      </a>
    </li>
  )
}
