/** Which view an address shows. */
import { useEffect } from 'preact/hooks'
import { unreachable } from '../protocol/errors.js'
import { fileName } from './model/format.js'
import { Announcer } from './parts/announcer.js'
import { PageContext, useKeys, usePage, type Page } from './parts/context.js'
import { Frame } from './parts/frame.js'
import { KeyHelp, openKeyHelp } from './parts/key-help.js'
import { lazy } from './parts/lazy.js'
import type { Route } from './router.js'
import type { Store } from './store.js'
import { Overview } from './views/overview.js'

const Conflicts = lazy(async () => (await import('./views/conflicts.js')).Conflicts)
const Tasks = lazy(async () => (await import('./views/tasks.js')).Tasks)
const Locks = lazy(async () => (await import('./views/locks.js')).Locks)
const Files = lazy(async () => (await import('./views/files.js')).Files)

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
    default:
      return ''
  }
}

function GlobalKeys() {
  const { router } = usePage()
  useKeys([
    { keys: 'g o', label: 'Go to the overview', run: () => router.go({ view: 'overview' }) },
    { keys: 'g f', label: 'Go to the files', run: () => router.go({ view: 'files', path: null }) },
    { keys: 'g c', label: 'Go to the conflicts', run: () => router.go({ view: 'conflicts', id: null }) },
    { keys: 'g t', label: 'Go to the tasks', run: () => router.go({ view: 'tasks', id: null, subtask: null }) },
    { keys: 'g l', label: 'Go to the locks', run: () => router.go({ view: 'locks', id: null }) },
    { keys: '?', label: 'Show this list', run: openKeyHelp },
  ])
  return null
}
