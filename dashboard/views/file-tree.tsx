/** The file tree: a virtual list with the keyboard of a tree, bars for recent changes, tags of those who made them. */
import { useEffect, useRef } from 'preact/hooks'
import { useComputed, useSignal, useSignalEffect } from '@preact/signals'
import { heat, LATELY, type FileActivity } from '../model/activity.js'
import { isHere } from '../model/roster.js'
import { foldersAbove, treeRows, type TreeRow } from '../model/tree.js'
import { formatCount } from '../model/format.js'
import { AgentTag } from '../parts/agent-tag.js'
import { useCommands, usePage } from '../parts/context.js'
import { HeatBar } from '../parts/heat-bar.js'
import { Icon } from '../parts/icon.js'
import { VirtualList, type VirtualListHandle } from '../parts/virtual-list.js'
import { formatRoute } from '../router.js'
import { treeMove } from './tree-keys.js'

const MOST_TAGS = 2

export function FileTree({ selected }: { readonly selected: string | null }) {
  const { store, router } = usePage()
  const filter = useSignal('')
  const opened = useSignal<ReadonlyMap<string, boolean>>(new Map())
  const active = useSignal(selected)
  const input = useRef<HTMLInputElement>(null)
  const list = useRef<VirtualListHandle>(null)
  const rows = useComputed(() => treeRows(store.tree.value, opened.value, filter.value))
  useCommands({ filterFiles: () => input.current?.focus() })

  const setOpen = (path: string, open: boolean) => {
    opened.value = new Map(opened.value).set(path, open)
  }
  const choose = (row: TreeRow) => {
    active.value = row.path
    if (row.kind === 'folder') setOpen(row.path, !row.open)
    else router.go({ view: 'files', path: row.path })
  }
  const show = (path: string) => {
    const index = rows.value.findIndex((row) => row.path === path)
    if (index !== -1) list.current?.show(index)
  }

  // The file of the address is shown, wherever it stands.
  useEffect(() => {
    if (selected === null) return
    opened.value = new Map([...opened.value, ...foldersAbove(selected).map((folder) => [folder, true] as const)])
    active.value = selected
    show(selected)
  }, [selected])
  useSignalEffect(() => {
    if (store.filesKnown.value && selected !== null) show(selected)
  })

  const onKeyDown = (event: KeyboardEvent) => {
    const move = treeMove(rows.value, active.value, event.key)
    if (move === null) return
    event.preventDefault()
    if (move.kind === 'choose') choose(move.row)
    if (move.kind === 'open') setOpen(move.row.path, move.open)
    if (move.kind === 'go') {
      active.value = move.row.path
      show(move.row.path)
    }
  }

  return (
    <aside class="tree" aria-label="Files">
      <label class="tree-filter">
        <Icon name="search" />
        <span class="visually-hidden">Filter files</span>
        <input
          ref={input}
          class="field"
          type="search"
          placeholder="Filter files"
          value={filter}
          onInput={(event) => (filter.value = event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') filter.value = ''
            const first = rows.value.find((row) => row.kind === 'file')
            if (event.key === 'Enter' && first !== undefined) choose(first)
          }}
        />
      </label>
      <p class="visually-hidden" role="status">
        {filter.value !== '' && formatCount(rows.value.filter((row) => row.kind === 'file').length, 'file')}
      </p>
      <VirtualList
        handle={list}
        class="tree-rows"
        rows={rows.value}
        role="tree"
        label="Files"
        active={rows.value.findIndex((row) => row.path === active.value)}
        idOf={(row) => rowId(row.path)}
        onKeyDown={onKeyDown}
      >
        {(row) => (
          <Row
            key={row.path}
            row={row}
            active={row.path === active.value}
            selected={row.path === selected}
            choose={() => choose(row)}
          />
        )}
      </VirtualList>
      {store.filesKnown.value ? (
        rows.value.length === 0 && (
          <p class="tree-none dim">
            {filter.value === '' ? 'The workspace holds no file.' : 'No path has these words.'}
          </p>
        )
      ) : (
        <p class="tree-none dim">Reading the list of files…</p>
      )}
    </aside>
  )
}

interface RowProps {
  readonly row: TreeRow
  readonly active: boolean
  readonly selected: boolean
  readonly choose: () => void
}

function Row({ row, active, selected, choose }: RowProps) {
  const classes = ['tree-row', ...(active ? ['tree-active'] : []), ...(selected ? ['tree-selected'] : [])]
  return (
    <div
      id={rowId(row.path)}
      class={classes.join(' ')}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-selected={selected}
      aria-expanded={row.kind === 'folder' ? row.open : undefined}
      style={{ '--depth': String(row.depth) }}
      title={row.path}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey) window.open(formatRoute({ view: 'files', path: row.path }))
        else choose()
      }}
    >
      <Icon name={row.kind === 'file' ? 'file' : row.open ? 'chevronDown' : 'chevronRight'} />
      <span class="tree-name">{row.name}</span>
      {row.kind === 'file' ? <FileMarks path={row.path} /> : <FolderMark row={row} />}
    </div>
  )
}

function FileMarks({ path }: { readonly path: string }) {
  const { store } = usePage()
  const { files } = store.work.value.activity
  const activity = files.get(path)
  const conflicts = store.openConflicts.value.filter((conflict) => conflict.path === path).length
  const isLate = activity !== undefined && store.serverNow.value - activity.lastTime < LATELY
  const here = store.agents.value.filter((row) => isHere(row) && row.agent.file === path)
  const authors = new Set([...here.map((row) => row.agent.agentId), ...(isLate ? activity.authors : [])])
  return (
    <>
      {conflicts > 0 && (
        <span class="state state-bad" title={formatCount(conflicts, 'conflict')}>
          <Icon name="conflict" />
          <span class="visually-hidden">{formatCount(conflicts, 'conflict')}</span>
        </span>
      )}
      {authors.size > 0 && (
        <span class="tags">
          {[...authors].slice(0, MOST_TAGS).map((author) => (
            <AgentTag key={author} author={author} small />
          ))}
        </span>
      )}
      <HeatBar value={heat(activity?.changes ?? 0, mostChanges(files))} />
    </>
  )
}

/** A closed folder shows what happens inside of it. */
function FolderMark({ row }: { readonly row: TreeRow }) {
  const activity = usePage().store.work.value.activity.files
  if (row.open) return null
  let changes = 0
  for (const [path, file] of activity) if (path.startsWith(`${row.path}/`)) changes += file.changes
  return <HeatBar value={heat(changes, mostChanges(activity))} />
}

function mostChanges(activity: ReadonlyMap<string, FileActivity>): number {
  let most = 0
  for (const { changes } of activity.values()) most = Math.max(most, changes)
  return most
}

function rowId(path: string): string {
  return `tree ${path}`.replaceAll(/\s/g, '/')
}
