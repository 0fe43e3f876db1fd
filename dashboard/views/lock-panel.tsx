/** One lock: where, whose, for how long, who is next; and the taking away, which is asked about once more. */
import { useRef } from 'preact/hooks'
import { eventWords } from '../../client/sdk/event-words.js'
import type { Lock } from '../../protocol/locks.js'
import { fileName, formatClock } from '../model/format.js'
import { queueOf, regionWords, VERBS } from '../model/held-locks.js'
import { ActingFault, useActing } from '../parts/acting.js'
import { Age } from '../parts/age.js'
import { AgentTag, shortName } from '../parts/agent-tag.js'
import { useCommands, usePage } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import { LockLeft, LeftBar } from '../parts/left.js'
import { formatRoute } from '../router.js'

const MEANS = {
  EXCLUSIVE: 'Nobody else may change this text.',
  REVIEW: 'It shows who reviews, and holds up nobody.',
  SHARED: 'Several may hold it; nobody gets it for itself meanwhile.',
} as const

export function LockPanel({ lock }: { readonly lock: Lock }) {
  const { store } = usePage()
  const queue = queueOf(store.locks.value, lock)
  const { path, region, lines, holder, type } = lock
  const range = lines === null ? '' : `#L${lines.from}-${lines.to}`
  return (
    <aside class="panel" aria-labelledby="lock-title">
      <PanelHead title={`${fileName(path)}, ${regionWords(region, lines)}`} />
      <p>
        <AgentTag author={holder} small /> <b>{shortName(store.tag(holder))}</b> {VERBS[type]} it. {MEANS[type]}
      </p>
      <p>
        <LeftBar until={lock.expiresAt} span={lock.ttl * 1000} /> <LockLeft lock={lock} /> left{' '}
        <span class="soft">
          of {lock.ttl} s, since {formatClock(lock.acquiredAt)}
        </span>
      </p>
      <p>
        <a class="path" href={`${formatRoute({ view: 'files', path })}${range}`}>
          {path}
        </a>
      </p>
      <h3>In line</h3>
      <ol class="panel-list">
        {queue.map(({ agent, since }) => (
          <li key={`${agent} ${since}`}>
            <AgentTag author={agent} small /> {shortName(store.tag(agent))}{' '}
            <span class="dim">
              waits <Age of={since} />
            </span>
          </li>
        ))}
        {queue.length === 0 && <li class="dim">Nobody waits for it</li>}
      </ol>
      {!store.readOnly.value && <ForcedRelease lock={lock} next={queue[0]?.agent ?? null} />}
      <p class="dim">
        Lock <code>{lock.id}</code>
      </p>
    </aside>
  )
}

function PanelHead({ title }: { readonly title: string }) {
  const { router } = usePage()
  useCommands({ closePanel: () => router.go({ view: 'locks', id: null }) })
  return (
    <header>
      <h2 id="lock-title">{title}</h2>
      <a class="icon-button" href={formatRoute({ view: 'locks', id: null })} aria-label="Close" title="Close">
        <Icon name="close" />
      </a>
    </header>
  )
}

interface ForcedReleaseProps {
  readonly lock: Lock
  readonly next: string | null
}

function ForcedRelease({ lock, next }: ForcedReleaseProps) {
  const { store, link } = usePage()
  const acting = useActing()
  const dialog = useRef<HTMLDialogElement>(null)
  const what = regionWords(lock.region, lock.lines)
  const holder = shortName(store.tag(lock.holder))
  return (
    <>
      <p>
        <button
          type="button"
          class="button"
          disabled={acting.isShut}
          aria-haspopup="dialog"
          onClick={() => dialog.current?.showModal()}
        >
          <Icon name="unlock" />
          Release by force…
        </button>
      </p>
      <dialog ref={dialog} class="dialog" aria-labelledby="force-title">
        <h2 id="force-title">
          {holder} loses {what} of {fileName(lock.path)}
        </h2>
        <p>
          <AgentTag author={lock.holder} small /> has held it for <Age of={lock.acquiredAt} />, and has{' '}
          <LockLeft lock={lock} /> left. It is told at once. What it still writes there is like anyone’s, and may
          collide.
        </p>
        <p>
          {next === null ? (
            'Nobody waits for it.'
          ) : (
            <>
              <AgentTag author={next} small /> {shortName(store.tag(next))} is next in line.
            </>
          )}
        </p>
        <ActingFault of={acting} />
        <p class="dialog-ends">
          <button type="button" class="button" autofocus onClick={() => dialog.current?.close()}>
            Leave it
          </button>
          <button
            type="button"
            class="button button-primary"
            disabled={acting.isShut}
            onClick={() => void acting.run(() => link.breakLock(lock.id))}
          >
            Take it away
          </button>
        </p>
      </dialog>
    </>
  )
}

/** The lock of an address that is held no more, and how it ended, as far as the page has heard. */
export function EndedLock({ id }: { readonly id: string }) {
  const { store } = usePage()
  const end = store.feed.value
    .flatMap((row) => (row.kind === 'said' ? [row] : []))
    .find(({ event }) => {
      const isEnd = event.type === 'lock:released' || event.type === 'lock:expired'
      return isEnd && event.data.lock_id === id
    })
  return (
    <aside class="panel" aria-labelledby="lock-title">
      <PanelHead title={`Lock ${id} is not held`} />
      {end === undefined ? (
        <p class="soft">It ended too long ago for this page to know how, or never was.</p>
      ) : (
        <p role="status">
          <AgentTag author={end.author} small /> {eventWords(end.event, (author) => store.tag(author).text)}, at{' '}
          {formatClock(end.time)}.
        </p>
      )}
    </aside>
  )
}
