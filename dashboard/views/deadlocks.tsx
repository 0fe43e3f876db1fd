/** Circles of waiting that the server has broken: who waited for whom, and whose request was ended. */
import type { Deadlock } from '../model/deadlocks.js'
import { fileName } from '../model/format.js'
import { Age } from '../parts/age.js'
import { AgentTag } from '../parts/agent-tag.js'
import { usePage } from '../parts/context.js'
import { Icon } from '../parts/icon.js'

export function BrokenDeadlocks() {
  const { store } = usePage()
  const deadlocks = store.deadlocks.value
  if (deadlocks.length === 0) return null
  return (
    <ul class="deadlocks" aria-label="Broken deadlocks">
      {deadlocks.map((deadlock) => (
        <li key={deadlock.seq}>
          <span class="mark">
            <Icon name="circle" />
          </span>
          <div>
            <p>
              <b>A deadlock was broken</b>{' '}
              <span class="dim">
                <Age of={deadlock.time} past />
              </span>
            </p>
            <p class="deadlock-ring">
              <Ring deadlock={deadlock} />
            </p>
            <p class="soft">
              <AgentTag author={deadlock.loser} small /> asked last, so its request for{' '}
              <code>{deadlock.place.path}</code> was ended. It is told, and can ask again once it has released what it
              holds. The others go on.
            </p>
          </div>
        </li>
      ))}
    </ul>
  )
}

/** "C1 waits for a.ts of X1, which waits for b.ts of C1" */
export function Ring({ deadlock: { cycle } }: { readonly deadlock: Deadlock }) {
  return (
    <>
      {cycle.map(({ agent, waitsFor, path }, index) => (
        <span key={agent}>
          {index === 0 ? <AgentTag author={agent} small /> : ', which'} waits for{' '}
          {path === null ? 'a task' : <code title={path}>{fileName(path)}</code>} of{' '}
          <AgentTag author={waitsFor} small />
        </span>
      ))}
    </>
  )
}
