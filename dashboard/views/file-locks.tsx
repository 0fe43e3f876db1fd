/** Locks on one file: as the editor draws them, in the panel beside it, and the asking for one. */
import { useSignal, type Signal } from '@preact/signals'
import { toEnsembleError, type EnsembleError } from '../../protocol/errors.js'
import type { Lock, LockRegion } from '../../protocol/locks.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { LockLook } from '../editor/lock-marks.js'
import { locksOf, regionWords, VERBS } from '../model/held-locks.js'
import { withOffer } from '../model/offer.js'
import type { Place } from '../model/place.js'
import { AgentTag, colourClass, shortName, tagLook } from '../parts/agent-tag.js'
import { useCommands, usePage, type Page } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import { LockLeft } from '../parts/left.js'

/** Those on lines of the file; subscribes whoever reads it. */
export function lockLooks({ store, author }: Page, path: string): readonly LockLook[] {
  return locksOf(store.locks.value, path).flatMap(({ lock, next }): LockLook[] => {
    if (lock.lines === null) return []
    const tag = store.tag(lock.holder)
    return [
      {
        ...{ id: lock.id, lines: lock.lines, holder: tagLook(tag), name: shortName(tag) },
        ...{ what: regionWords(lock.region, lock.lines), verb: VERBS[lock.type] },
        ...{ expiresAt: lock.expiresAt, ttl: lock.ttl * 1000, next: next === null ? null : tagLook(store.tag(next)) },
        ...{ colourClass: colourClass(tag), isClosed: lock.type === 'EXCLUSIVE' && lock.holder !== author },
      },
    ]
  })
}

/** A lock on the whole file stands above its text. */
export function WholeFileLock({ path }: { readonly path: string }) {
  const { store } = usePage()
  const found = locksOf(store.locks.value, path).find(({ lock }) => lock.region.kind === 'file')
  if (found === undefined) return null
  const { lock, next } = found
  return (
    <p class="editor-state whole-lock">
      <Icon name="lock" /> <AgentTag author={lock.holder} small />{' '}
      <span>
        <b>{shortName(store.tag(lock.holder))}</b> {VERBS[lock.type]} the whole file, <LockLeft lock={lock} /> left
      </span>
      {next !== null && (
        <span class="soft">
          next is <AgentTag author={next} small />
        </span>
      )}
    </p>
  )
}

export function SideLocks({ path }: { readonly path: string }) {
  const { store } = usePage()
  const found = locksOf(store.locks.value, path)
  return (
    <>
      <h2>
        Locks <span>{found.length}</span>
      </h2>
      <ul>
        {found.map(({ lock, next }) => (
          <li key={lock.id}>
            <AgentTag author={lock.holder} small />
            <span class="path">{regionWords(lock.region, lock.lines)}</span>
            <small>
              <LockLeft lock={lock} />
            </small>
            {next !== null && (
              <small class="lock-next">
                next is <AgentTag author={next} small />
              </small>
            )}
          </li>
        ))}
        {found.length === 0 && <li class="dim">Nobody holds anything here</li>}
      </ul>
    </>
  )
}

/** In seconds: what an asking from here holds, and renews never; whoever sits here may go away. */
const TTL = 300

export interface LockButtonProps {
  readonly path: WorkspacePath
  readonly place: Signal<Place>
}

function ownLock({ store, author }: Page, path: string) {
  return store.locks.value.locks.find((lock) => lock.path === path && lock.holder === author)
}

/** Asks for the selected lines in the name of whoever sits here, and gives them back. */
export function LockButton({ path, place }: LockButtonProps) {
  const page = usePage()
  const { store, link, undo, author } = page
  const fault = useSignal<EnsembleError | null>(null)
  const isAsked = useSignal(false)
  const own = ownLock(page, path)
  const { lines } = place.value
  const release = async (own: Lock) => {
    const held = (await link.unlock(own.id)) ?? own
    // Not as they were asked for: lines above may be others since.
    const region: LockRegion =
      held.region.kind === 'lines' && held.lines !== null ? { kind: 'lines', ...held.lines } : held.region
    const words = `${regionWords(held.region, held.lines)} of ${path}`
    undo.value = withOffer(undo.peek(), {
      id: held.id,
      words: `Released ${words}`,
      // Another workspace behind the same address counts from one again, for anyone.
      isTold: ({ type, data, agent_id: agent }) =>
        type === 'lock:released' && data.lock_id === held.id && agent === author,
      // Whoever took it meanwhile is named by the server's refusal.
      builtOn: () => (store.head(path)?.deleted === false ? null : 'gone'),
      run: async () => {
        await link.lock(path, region, TTL)
        return `You hold ${words}.`
      },
    })
  }
  const run = async (act: () => Promise<unknown>) => {
    isAsked.value = true
    fault.value = null
    try {
      await act()
    } catch (thrown) {
      fault.value = toEnsembleError(thrown)
    }
    isAsked.value = false
  }
  useCommands({
    lock: () => {
      if (isAsked.peek() || !store.canWrite.peek()) return
      const held = ownLock(page, path)
      const selected = place.peek().lines
      if (held !== undefined) void run(() => release(held))
      else if (selected !== null) void run(() => link.lock(path, { kind: 'lines', ...selected }, TTL))
    },
  })
  if (store.readOnly.value) return null
  const isAway = !store.canWrite.value
  const region: LockRegion = lines === null ? { kind: 'file' } : { kind: 'lines', ...lines }
  return (
    <span class="lock-ask">
      {own === undefined ? (
        <button
          type="button"
          class="button"
          disabled={isAway || isAsked.value || lines === null}
          title={lines === null ? 'Select some lines first' : `Nobody else may write there for ${TTL / 60} minutes`}
          onClick={() => void run(() => link.lock(path, region, TTL))}
        >
          <Icon name="lock" />
          <span class="button-words">{lines === null ? 'Lock a region' : `Lock ${regionWords(region, null)}`}</span>
        </button>
      ) : (
        <button
          type="button"
          class="button"
          disabled={isAway || isAsked.value}
          onClick={() => void run(() => release(own))}
        >
          <Icon name="lock" />
          <span class="button-words">
            Release, <LockLeft lock={own} />
          </span>
        </button>
      )}
      {fault.value !== null && (
        <span class="lock-fault" role="alert">
          {fault.value.message} {fault.value.hint}
        </span>
      )}
    </span>
  )
}
