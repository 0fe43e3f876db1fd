/** Who has a subtask: an agent by its tag, any agent of a type by a word; and the choice of one. */
import type { Assignee } from '../../protocol/tasks.js'
import { capitalize } from '../model/format.js'
import { assigneesOf, isInstance } from '../model/tasks.js'
import { isHere } from '../model/roster.js'
import { AgentTag } from './agent-tag.js'
import { usePage } from './context.js'

export function AssigneeTag({ assignee }: { readonly assignee: Assignee | null }) {
  if (assignee === null) return <span class="dim">nobody yet</span>
  if (isInstance(assignee)) return <AgentTag author={assignee} small />
  return <span class="soft">any {capitalize(assignee)}</span>
}

export interface AssigneeChoiceProps {
  readonly id?: string
  readonly label?: string
  readonly value: Assignee | null
  readonly disabled?: boolean
  readonly onChoose: (assignee: string | null) => void
}

export function AssigneeChoice({ id, label, value, disabled = false, onChoose }: AssigneeChoiceProps) {
  const { store } = usePage()
  const here = store.agents.value.filter(isHere).map((row) => row.agent.agentId)
  const { agents, types } = assigneesOf(value === null ? here : [...here, value], store.tasks.value.tasks)
  return (
    <select
      id={id}
      aria-label={label}
      class="field"
      value={value ?? ''}
      disabled={disabled}
      onChange={(event) => onChoose(event.currentTarget.value === '' ? null : event.currentTarget.value)}
    >
      <option value="">Nobody yet</option>
      {agents.length > 0 && (
        <optgroup label="One agent">
          {agents.map((agent) => (
            <option key={agent} value={agent}>
              {store.isAgent(agent) ? `${store.tag(agent).text}  ${agent}` : agent}
            </option>
          ))}
        </optgroup>
      )}
      {types.length > 0 && (
        <optgroup label="Any of a type">
          {types.map((type) => (
            <option key={type} value={type}>
              any {capitalize(type)}
            </option>
          ))}
        </optgroup>
      )}
    </select>
  )
}
