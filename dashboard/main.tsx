/** Starts the page: token, theme, connection, store. */
import { render } from 'preact'
import { Connection, type After } from '../client/sdk/connection.js'
import { App } from './app.js'
import { trusted } from '../client/sdk/trusted.js'
import type { WriteId } from '../protocol/ids.js'
import { openBrowserSocket } from '../client/sdk/browser-socket.js'
import { post } from './http.js'
import { Keys } from './keys.js'
import { Link } from './link.js'
import { Drafts } from './model/drafts.js'
import { Router } from './router.js'
import { Store } from './store.js'
import './styles/tokens.css'
import './styles/base.css'
import './styles/frame.css'
import './styles/overview.css'
import './styles/files.css'
import './styles/conflicts.css'
import { ThemeSwitch } from './theme.js'
import { forgetToken, keepToken, takeToken } from './token.js'
import { NoToken } from './views/no-token.js'

const after: After = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds)
  return () => clearTimeout(timer)
}

/** 128 random bits; `randomUUID` is for pages that came encrypted alone. */
const newId = (): WriteId =>
  trusted(Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(''))

function start(root: HTMLElement): void {
  const theme = new ThemeSwitch(window)
  const token = takeToken({ location, history, storage: sessionStorage })
  if (token === null) {
    askForToken(root)
    return
  }
  const connection = new Connection({
    url: location.origin,
    token,
    client: 'dashboard',
    agent: null,
    feeds: ['heads', 'events', 'agents'],
    openSocket: openBrowserSocket,
  })
  const store = new Store()
  const send = (path: string, agent: string, body: object) =>
    post({ fetch: (...request) => fetch(...request), token, newId }, path, agent, body)
  const link = new Link({
    store,
    source: connection,
    hidden: () => document.hidden,
    now: Date.now,
    after,
    newId,
    post: send,
  })
  document.addEventListener('visibilitychange', () => link.look())
  connection.start()
  const signOut = () => {
    forgetToken(sessionStorage)
    location.reload()
  }
  const drafts = new Drafts()
  store.commits.subscribe((commits) => {
    for (const { head } of commits) drafts.committed(head.path, head.id)
  })
  addEventListener('beforeunload', (event) => {
    if (drafts.atRisk) event.preventDefault()
  })
  const page = { store, drafts, router: new Router(window), theme, keys: new Keys(window), token, link, signOut }
  render(<App page={page} />, root)
}

function askForToken(root: HTMLElement): void {
  const use = (token: string) => {
    keepToken(sessionStorage, token)
    location.reload()
  }
  render(<NoToken use={use} />, root)
}

const root = document.getElementById('app')
if (root !== null) start(root)
