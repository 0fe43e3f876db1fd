/** An agent's state as glyph and word: it can be read without colours. */
import { unreachable } from '../../protocol/errors.js'
import type { AgentRow } from '../model/roster.js'
import { Icon, type IconName } from './icon.js'

interface Look {
  readonly icon: IconName
  readonly word: string
  readonly tone: 'plain' | 'dim' | 'wait'
}

export function StateWord({ state }: { readonly state: AgentRow['state'] }) {
  const { icon, word, tone } = look(state)
  return (
    <span class={`state state-${tone}`}>
      <Icon name={icon} />
      {word}
    </span>
  )
}

function look(state: AgentRow['state']): Look {
  switch (state) {
    case 'idle':
      return { icon: 'idle', word: 'Idle', tone: 'dim' }
    case 'reading':
      return { icon: 'reading', word: 'Reading', tone: 'plain' }
    case 'editing':
      return { icon: 'editing', word: 'Editing', tone: 'plain' }
    case 'testing':
      return { icon: 'testing', word: 'Testing', tone: 'plain' }
    case 'reviewing':
      return { icon: 'reviewing', word: 'Reviewing', tone: 'plain' }
    case 'blocked':
      return { icon: 'blocked', word: 'Blocked', tone: 'wait' }
    case 'left':
      return { icon: 'left', word: 'Left', tone: 'dim' }
    case 'lost':
      return { icon: 'unplug', word: 'Lost', tone: 'dim' }
    default:
      return unreachable(state)
  }
}
