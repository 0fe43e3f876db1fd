/** Agents: all that are here, with what each does; or one of them. */
import { formatCount } from '../model/format.js'
import { isHere } from '../model/roster.js'
import { Asking } from '../parts/asking.js'
import { usePage } from '../parts/context.js'
import { CopyCommand } from '../parts/copy-command.js'
import { ListKeys } from '../parts/list-keys.js'
import { AgentPage } from './agent-page.js'
import { AgentsTable } from './agents-table.js'
import { Compose } from './compose.js'
import { Messages } from './messages.js'
import '../styles/agents.css'

export function Agents({ selected }: { readonly selected: string | null }) {
  return selected === null ? <AgentList /> : <AgentPage key={selected} id={selected} />
}

function AgentList() {
  const { store } = usePage()
  if (!store.agentsKnown.value) return <Asking what="who is here" />
  const here = store.agents.value.filter(isHere).length
  return (
    <>
      <div class="headline">
        <h1>{here === 0 ? 'No agent is connected' : formatCount(here, 'agent')}</h1>
        <p class="soft">Choose one to see its edits, locks and messages, or say something to several.</p>
      </div>
      {store.agents.value.length === 0 ? (
        <CopyCommand command="ensemble connect --agent CLAUDE --instance frontend" />
      ) : (
        <AgentsTable />
      )}
      <div class="agent-columns">
        <Messages of={null} />
        <Compose to={null} />
      </div>
      <ListKeys items=".agent-who a" />
    </>
  )
}
