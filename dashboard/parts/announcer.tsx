/**
 * What a screen reader is told without asking: that the connection went or came back, how many things wait, and that a lock
 * of whoever sits here is about to end. Nothing that agents do all the time.
 */
import { useEffect } from 'preact/hooks'
import { useComputed, useSignal } from '@preact/signals'
import { endingSoon } from '../model/held-locks.js'
import { inboxCount, inboxKey } from '../model/inbox.js'
import { usePage } from './context.js'
import { isBack } from './frame.js'

/** Changes within this time are told in one sentence. In milliseconds. */
const JOINED_WITHIN = 5_000

export function Announcer() {
  const { store, author } = usePage()
  const said = useSignal('')
  const inbox = store.inbox.value
  const open = inbox.map(inboxKey).join(' ')
  useEffect(() => {
    if (!store.agentsKnown.peek()) return
    const timer = setTimeout(() => {
      said.value = inbox.length === 0 ? 'Nothing waits for you' : `${inboxCount(inbox)} waiting for you`
    }, JOINED_WITHIN)
    return () => clearTimeout(timer)
  }, [open, said, store])
  const ending = useComputed(() => endingSoon(store.locks.value, author, store.serverNow.value).join('. ')).value
  useEffect(() => {
    if (ending !== '') said.value = ending
  }, [ending, said])
  const offline = store.freshness.value.kind === 'offline'
  const back = useComputed(() => isBack(store)).value
  return (
    <>
      <div class="visually-hidden" role="status">
        {!offline && back && 'Live again. '}
        {said}
      </div>
      <div class="visually-hidden" role="alert">
        {offline && 'Not live. The server does not answer.'}
      </div>
    </>
  )
}
