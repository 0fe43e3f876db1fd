/** The palette: type a few letters of a view, a file, an agent, a lock or an action, and press Enter. */
import { useLayoutEffect, useRef } from 'preact/hooks'
import { useComputed, useSignal } from '@preact/signals'
import { entriesOf, KINDS, search, type Addresses, type Entry, type Kind } from '../model/palette.js'
import { isHere } from '../model/roster.js'
import { formatRoute } from '../router.js'
import { AgentTag } from './agent-tag.js'
import { usePage, type Page } from './context.js'
import { Icon, type IconName } from './icon.js'
import { KeyCaps } from './key-help.js'

const TITLES: Readonly<Record<Kind, { readonly title: string; readonly icon: IconName }>> = {
  command: { title: 'Go and do', icon: 'play' },
  agent: { title: 'Agents', icon: 'agents' },
  conflict: { title: 'Conflicts', icon: 'conflict' },
  lock: { title: 'Locks', icon: 'lock' },
  task: { title: 'Tasks', icon: 'tasks' },
  file: { title: 'Files', icon: 'file' },
}

const ADDRESSES: Addresses = {
  agent: (id) => formatRoute({ view: 'agents', id }),
  conflict: (id) => formatRoute({ view: 'conflicts', id }),
  file: (path) => formatRoute({ view: 'files', path }),
  lock: (id) => formatRoute({ view: 'locks', id }),
  task: (id) => formatRoute({ view: 'tasks', id, subtask: null }),
}

const LIST = 'palette-list'

export function Palette({ close }: { readonly close: () => void }) {
  const page = usePage()
  const dialog = useRef<HTMLDialogElement>(null)
  const query = useSignal('')
  const active = useSignal(0)
  const entries = useComputed(() => entriesOf(known(page), ADDRESSES))
  const found = useComputed(() => search(entries.value, query.value))
  // Before the next key is heard.
  useLayoutEffect(() => dialog.current?.showModal(), [])
  const chosen = found.value[Math.min(active.value, found.value.length - 1)]
  const choose = (entry: Entry | undefined) => {
    if (entry === undefined) return
    // Closed before it is carried out: what is opened or focused then is not behind a dialog.
    dialog.current?.close()
    carryOut(page, entry)
  }
  const move = (to: number) => {
    active.value = Math.min(Math.max(0, to), found.value.length - 1)
    const id = found.value[active.value]?.id
    if (id !== undefined) document.getElementById(optionId(id))?.scrollIntoView({ block: 'nearest' })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key]
    if (event.key === 'Enter') choose(chosen)
    else if (step !== undefined) move(Math.min(active.value, found.value.length - 1) + step)
    else return
    event.preventDefault()
  }
  return (
    <dialog
      ref={dialog}
      class="palette"
      aria-label="Find or run"
      onClose={close}
      onClick={(event) => {
        // Beside it: the dialog's own box is all inside of its children.
        if (event.target === event.currentTarget) event.currentTarget.close()
      }}
    >
      <label class="palette-field">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          aria-label="Find or run"
          aria-expanded="true"
          aria-controls={LIST}
          aria-activedescendant={chosen === undefined ? undefined : optionId(chosen.id)}
          aria-autocomplete="list"
          placeholder="A file, an agent, a view, an action"
          autocomplete="off"
          spellcheck={false}
          autofocus
          value={query}
          onInput={(event) => {
            query.value = event.currentTarget.value
            active.value = 0
          }}
          onKeyDown={onKeyDown}
        />
      </label>
      <div id={LIST} class="palette-list" role="listbox" aria-label="What is found">
        {KINDS.map((kind) => (
          <Group
            key={kind}
            kind={kind}
            entries={found.value.filter((entry) => entry.kind === kind)}
            chosen={chosen}
            choose={choose}
          />
        ))}
      </div>
      <p class="palette-foot dim" role="status">
        {found.value.length === 0 ? 'Nothing here is called so.' : query.value === '' && 'Files appear as you type.'}
      </p>
    </dialog>
  )
}

interface GroupProps {
  readonly kind: Kind
  readonly entries: readonly Entry[]
  readonly chosen: Entry | undefined
  readonly choose: (entry: Entry) => void
}

function Group({ kind, entries, chosen, choose }: GroupProps) {
  if (entries.length === 0) return null
  const { title, icon } = TITLES[kind]
  return (
    <div role="group" aria-label={title}>
      <h3 aria-hidden="true">{title}</h3>
      {entries.map((entry) => (
        <div
          key={entry.id}
          id={optionId(entry.id)}
          class={`palette-row${entry === chosen ? ' palette-chosen' : ''}`}
          role="option"
          aria-selected={entry === chosen}
          onClick={() => choose(entry)}
        >
          {entry.author === null ? <Icon name={icon} /> : <AgentTag author={entry.author} small />}
          <span class={kind === 'file' ? 'palette-text path' : 'palette-text'}>{entry.text}</span>
          {entry.note !== '' && <span class="palette-note path">{entry.note}</span>}
          {entry.keys !== null && (
            <span class="palette-keys">
              <KeyCaps keys={entry.keys} />
            </span>
          )}
        </div>
      ))}
    </div>
  )
}

function optionId(id: string): string {
  return `palette ${id}`.replaceAll(/\s/g, '/')
}

function known({ store, keys }: Page) {
  return {
    commands: keys.available.value,
    agents: store.agents.value.map((row) => ({
      ...{ agentId: row.agent.agentId, file: row.agent.file, isHere: isHere(row) },
    })),
    conflicts: store.openConflicts.value,
    locks: store.locks.value.locks,
    tasks: store.tasks.value.tasks,
    files: store.tree.value.paths,
  }
}

function carryOut({ store, router, keys, following }: Page, { target }: Entry): void {
  switch (target.kind) {
    case 'command':
      keys.run(target.id)
      return
    case 'address':
      router.open(target.address)
      return
    case 'follow': {
      following.value = target.agentId
      const file = store.agents.value.find((row) => row.agent.agentId === target.agentId)?.agent.file
      if (file !== undefined && file !== null) router.go({ view: 'files', path: file })
      return
    }
  }
}
