/** Beside a file: conflicts in it, who is here, and who has lately changed how much. */
import type { Signal } from '@preact/signals'
import { linesByAuthor } from '../model/activity.js'
import { formatNumber } from '../model/format.js'
import { personName } from '../model/person.js'
import { isHere } from '../model/roster.js'
import type { Peer } from '../editor/peers.js'
import { Age } from '../parts/age.js'
import { AgentTag } from '../parts/agent-tag.js'
import { usePage } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import { StateWord } from '../parts/state-word.js'
import { formatRoute } from '../router.js'
import { ConflictStory } from './conflict-words.js'
import { SideLocks } from './file-locks.js'

/** The id of the panel's element. */
export const FILE_SIDE = 'file-side'

export interface FileSideProps {
  readonly path: string
  readonly peers: readonly Peer[]
  /** Whether it is open where it is a drawer. */
  readonly drawer: Signal<boolean>
}

export function FileSide({ path, peers, drawer }: FileSideProps) {
  const { store } = usePage()
  const shut = () => {
    drawer.value = false
    document.querySelector<HTMLElement>(`[aria-controls='${FILE_SIDE}']`)?.focus()
  }
  const here = store.agents.value.filter((row) => isHere(row) && row.agent.file === path)
  // An agent with a caret of its own is listed once.
  const others = peers.filter((peer) => !here.some((row) => row.agent.agentId === peer.name))
  const changes = linesByAuthor(store.work.value.activity.changes(path))
  return (
    <aside
      id={FILE_SIDE}
      class={`file-side${drawer.value ? ' file-side-open' : ''}`}
      aria-label="In this file"
      onKeyDown={(event) => event.key === 'Escape' && drawer.value && shut()}
    >
      <button type="button" class="icon-button drawer-close" aria-label="Close" onClick={shut}>
        <Icon name="close" />
      </button>
      {store.openConflicts.value
        .filter((conflict) => conflict.path === path)
        .map((conflict) => (
          <div key={conflict.id} class="side-conflict">
            <b>
              <Icon name="conflict" /> Collision
            </b>
            <p>
              <ConflictStory conflict={conflict} />
            </p>
            <a class="button button-primary" href={formatRoute({ view: 'conflicts', id: conflict.id })}>
              Compare
            </a>
          </div>
        ))}
      <h2>
        Here now <span>{here.length + others.length}</span>
      </h2>
      <ul>
        {here.map((row) => (
          <li key={row.agent.agentId}>
            <AgentTag author={row.agent.agentId} small />
            <StateWord state={row.state} />
            <small>
              <Age of={row.since} />
            </small>
          </li>
        ))}
        {others.map((peer, index) => (
          <li key={`${peer.name} ${index}`}>
            {store.isAgent(peer.name) ? (
              <AgentTag author={peer.name} small />
            ) : (
              <span class="tag tag-plain tag-outlined tag-small tag-person">{personName(peer.name).slice(0, 2)}</span>
            )}
            <span class="path">{personName(peer.name)}</span>
            <small>{peer.cursor === null ? 'reads' : 'has a caret'}</small>
          </li>
        ))}
        {here.length + others.length === 0 && <li class="dim">Nobody but you</li>}
      </ul>
      <SideLocks path={path} />
      <h2>
        Changes <span>last 15 min</span>
      </h2>
      <ul>
        {changes.map((lines) => (
          <li key={lines.author}>
            <AgentTag author={lines.author} small />
            <span>
              <Age of={lines.lastTime} past />
            </span>
            <small class="path">
              +{formatNumber(lines.added)} −{formatNumber(lines.removed)}
            </small>
          </li>
        ))}
        {changes.length === 0 && <li class="dim">None in the last 15 minutes</li>}
      </ul>
    </aside>
  )
}
