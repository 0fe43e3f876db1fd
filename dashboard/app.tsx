/** Which view an address shows. */
import { useEffect } from 'preact/hooks'
import { signal } from '@preact/signals'
import { unreachable } from '../protocol/errors.js'
import { fileName } from './model/format.js'
import { inboxRoute } from './model/inbox.js'
import { Announcer } from './parts/announcer.js'
import { PageContext, useCommands, usePage, type Page } from './parts/context.js'
import { Frame } from './parts/frame.js'
import { KeyHelp, openKeyHelp } from './parts/key-help.js'
import { lazy } from './parts/lazy.js'
import { peeked } from './parts/list-keys.js'
import { openPerson, PersonDialog } from './parts/person.js'
import { formatRoute, type Route } from './router.js'
import type { Store } from './store.js'
import { Overview } from './views/overview.js'

const Conflicts = lazy(async () => (await import('./views/conflicts.js')).Conflicts)
const Tasks = lazy(async () => (await import('./views/tasks.js')).Tasks)
const Locks = lazy(async () => (await import('./views/locks.js')).Locks)
const Palette = lazy(async () => (await import('./parts/palette.js')).Palette)
const Peek = lazy(async () => (await import('./views/peek.js')).Peek)
const Agents = lazy(async () => (await import('./views/agents.js')).Agents)
const Files = lazy(async () => (await import('./views/files.js')).Files)

/** The palette is opened by a key, or by the field in the bar: for the how many-th time; 0: it is closed. */
const paletteOpening = signal(0)
let paletteOpenings = 0

/** Whether one stands in the page: of one that was just closed it is heard a moment later, when the next may have been opened. */
function isPaletteShown(): boolean {
  return document.querySelector('.palette[open]') !== null
}

export function App({ page }: { readonly page: Page }) {
  const route = page.router.route.value
  return (
    <PageContext.Provider value={page}>
      <Frame fills={route.view === 'files' || isConflict(route)} narrow={isConflict(route)}>
        <View route={route} />
      </Frame>
      <Title route={route} />
      <GlobalKeys />
      <KeyHelp />
      {peeked.value !== null && <Peek route={peeked.value} close={() => (peeked.value = null)} />}
      <PersonDialog />
      <Announcer />
    </PageContext.Provider>
  )
}

function isConflict(route: Route): boolean {
  return route.view === 'conflicts' && route.id !== null
}

function View({ route }: { readonly route: Route }) {
  switch (route.view) {
    case 'overview':
      return <Overview />
    case 'files':
      return <Files path={route.path} />
    case 'conflicts':
      return <Conflicts selected={route.id} />
    case 'tasks':
      return <Tasks id={route.id} subtask={route.subtask} />
    case 'locks':
      return <Locks selected={route.id} />
    case 'agents':
      return <Agents selected={route.id} />
    case 'unknown':
      return (
        <div class="empty">
          <h1>There is no such page</h1>
          <p class="soft">
            Nothing is at <code>{route.address}</code>. <a href="/">Go to the overview</a>.
          </p>
        </div>
      )
    default:
      return unreachable(route)
  }
}

function Title({ route }: { readonly route: Route }) {
  const { store } = usePage()
  const waiting = store.inbox.value.length
  const place = placeOf(route, store)
  const title = [place, store.workspace.value ?? '', 'Ensemble'].filter((part) => part !== '').join(' · ')
  useEffect(() => {
    document.title = waiting === 0 ? title : `(${waiting}) ${title}`
  }, [title, waiting])
  return null
}

function placeOf(route: Route, { tasks }: Store): string {
  switch (route.view) {
    case 'files':
      return route.path === null ? '' : fileName(route.path)
    case 'tasks':
      return tasks.value.tasks.find((task) => task.id === route.id)?.title ?? 'Tasks'
    case 'locks':
      return 'Locks'
    case 'agents':
      return route.id ?? 'Agents'
    default:
      return ''
  }
}

/** Each press goes one further, and begins anew behind the last one. */
function nextWaiting({ inbox }: Store, here: Route): string {
  const places = inbox.peek().map((item) => formatRoute(inboxRoute(item)))
  return places[(places.lastIndexOf(formatRoute(here)) + 1) % Math.max(1, places.length)] ?? '/'
}

function GlobalKeys() {
  const { store, router, theme, keys } = usePage()
  useCommands({
    find: () => (paletteOpening.value = isPaletteShown() ? 0 : ++paletteOpenings),
    help: openKeyHelp,
    overview: () => router.go({ view: 'overview' }),
    files: () => router.go({ view: 'files', path: null }),
    conflicts: () => router.go({ view: 'conflicts', id: null }),
    tasks: () => router.go({ view: 'tasks', id: null, subtask: null }),
    locks: () => router.go({ view: 'locks', id: null }),
    agents: () => router.go({ view: 'agents', id: null }),
    nextWaiting: () => router.open(nextWaiting(store, router.route.peek())),
    person: openPerson,
    theme: () => theme.toggle(),
    singleKeys: () => keys.turn(!keys.enabled.peek()),
  })
  // Who presses the key types on at once.
  const isIdle = store.filesKnown.value
  useEffect(() => {
    if (isIdle) Palette.preload()
  }, [isIdle])
  const opening = paletteOpening.value
  const close = () => {
    if (paletteOpening.peek() === opening) paletteOpening.value = 0
  }
  return opening === 0 ? null : <Palette key={opening} close={close} />
}
