/** The locks of the overview: those that end first. */
import { fileName } from '../model/format.js'
import { regionWords } from '../model/held-locks.js'
import { AgentTag } from '../parts/agent-tag.js'
import { usePage } from '../parts/context.js'
import { LockLeft, LeftBar } from '../parts/left.js'
import { formatRoute } from '../router.js'

const MOST = 5

export function HeldLocks() {
  const { locks, waiting } = usePage().store.locks.value
  if (locks.length + waiting.length === 0) return null
  const soonest = [...locks].sort((a, b) => a.expiresAt - b.expiresAt)
  return (
    <section class="lock-overview" aria-labelledby="locks-title">
      <div class="section-head">
        <h2 id="locks-title">Locks</h2>
        <a class="section-end" href={formatRoute({ view: 'locks', id: null })}>
          {locks.length} held{waiting.length > 0 && `, ${waiting.length} in line`}
        </a>
      </div>
      <ul class="lock-summary">
        {soonest.slice(0, MOST).map((lock) => (
          <li key={lock.id}>
            <AgentTag author={lock.holder} small />
            <a href={formatRoute({ view: 'locks', id: lock.id })} title={lock.path}>
              <code>{fileName(lock.path)}</code> <span class="soft">{regionWords(lock.region, lock.lines)}</span>
            </a>
            <span class="lock-left">
              <LeftBar until={lock.expiresAt} span={lock.ttl * 1000} />
              <LockLeft lock={lock} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
