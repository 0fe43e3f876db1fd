/** Starts the page: token, theme, connection, store. */
import { signal } from '@preact/signals'
import { render } from 'preact'
import { Connection, type After } from '../client/sdk/connection.js'
import { App } from './app.js'
import { trusted } from '../client/sdk/trusted.js'
import { toEnsembleError, type EnsembleError } from '../protocol/errors.js'
import type { WriteId } from '../protocol/ids.js'
import { openBrowserSocket } from '../client/sdk/browser-socket.js'
import { Keys } from './keys.js'
import { Link } from './link.js'
import { Drafts } from './model/drafts.js'
import { NO_OFFERS, type Offers } from './model/offer.js'
import { keepPerson, keptPerson, personId } from './model/person.js'
import { letOldTreesGo } from './old-trees.js'
import { Router } from './router.js'
import { Store } from './store.js'
import './styles/tokens.css'
import './styles/base.css'
import './styles/frame.css'
import './styles/overview.css'
import './styles/files.css'
import './styles/file-editor.css'
import './styles/file-side.css'
import './styles/conflicts.css'
import './styles/conflict-page.css'
import './styles/panel.css'
import './styles/tasks.css'
import './styles/locks.css'
import './styles/palette.css'
import './styles/person.css'
import './styles/undo.css'
import { answerTabs, askTabs, TAB_CHANNEL, type TabChannel } from './tabs.js'
import { ThemeSwitch } from './theme.js'
import { forgetToken, keepToken, takeKey, tokenOf, type Key } from './token.js'
import { NoToken } from './views/no-token.js'

const after: After = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds)
  return () => clearTimeout(timer)
}

/** 128 random bits; `randomUUID` is for pages that came encrypted alone. */
const newId = (): WriteId =>
  trusted(Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(''))

async function arrive(root: HTMLElement): Promise<void> {
  const theme = new ThemeSwitch(window)
  const tabs = new BroadcastChannel(TAB_CHANNEL)
  const key = takeKey({ location, history, storage: sessionStorage }) ?? (await keyOfTabs(tabs))
  if (key === null) {
    askForKey(root)
    return
  }
  try {
    const token = await tokenOf(key, (...request) => fetch(...request))
    keepToken(sessionStorage, token)
    start(root, theme, token, tabs)
  } catch (thrown) {
    askForKey(root, toEnsembleError(thrown))
  }
}

async function keyOfTabs(tabs: TabChannel): Promise<Key | null> {
  const session = await askTabs(tabs, newId(), after)
  return session === null ? null : { kind: 'token', text: session.token }
}

function start(root: HTMLElement, theme: ThemeSwitch, token: string, tabs: TabChannel): void {
  const person = keptPerson(localStorage)
  const connection = new Connection({
    url: location.origin,
    token,
    client: 'dashboard',
    agent: null,
    person: trusted(person),
    feeds: ['heads', 'events', 'agents'],
    openSocket: openBrowserSocket,
  })
  const store = new Store()
  const link = new Link({
    store,
    source: connection,
    hidden: () => document.hidden,
    now: Date.now,
    after,
    newId,
  })
  document.addEventListener('visibilitychange', () => link.look())
  answerTabs(tabs, () => {
    const isGood = store.workspace.peek() !== null && connection.state.kind !== 'closed'
    return isGood ? { token, access: store.readOnly.peek() ? 'read' : 'write' } : null
  })
  connection.start()
  const signOut = () => {
    forgetToken(sessionStorage)
    location.reload()
  }
  const drafts = new Drafts()
  store.commits.subscribe((commits) => {
    for (const { head } of commits) drafts.committed(head)
  })
  addEventListener('beforeunload', (event) => {
    if (drafts.atRisk) event.preventDefault()
  })
  const following = signal<string | null>(null)
  const undo = signal<Offers>(NO_OFFERS)
  store.workspaceId.subscribe(() => (undo.value = NO_OFFERS))
  const page = {
    store,
    drafts,
    following,
    undo,
    router: new Router(window),
    theme,
    keys: new Keys(window),
    token,
    author: personId(person),
    rename: (name: string) => {
      const fault = keepPerson(localStorage, name)
      if (fault === null) location.reload()
      return fault
    },
    link,
    signOut,
  }
  render(<App page={page} />, root)
}

function askForKey(root: HTMLElement, refused?: EnsembleError): void {
  const use = (key: Key) => {
    history.replaceState(null, '', `${location.pathname}#${new URLSearchParams({ [key.kind]: key.text }).toString()}`)
    location.reload()
  }
  render(<NoToken refused={refused} use={use} />, root)
}

letOldTreesGo()
const root = document.getElementById('app')
if (root !== null) void arrive(root)
