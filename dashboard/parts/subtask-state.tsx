/** A subtask's state, and a task's, as glyph and word. */
import type { SubtaskState, TaskStatus } from '../../protocol/tasks.js'
import { Icon, type IconName } from './icon.js'

export const STATE_WORDS: Readonly<Record<SubtaskState, { readonly icon: IconName; readonly word: string }>> = {
  waiting: { icon: 'idle', word: 'Waiting' },
  running: { icon: 'editing', word: 'Running' },
  review: { icon: 'reviewing', word: 'In review' },
  done: { icon: 'check', word: 'Done' },
}

const STATUS_WORDS = {
  ACTIVE: { icon: 'play', word: 'Active', tone: 'plain' },
  HALTED: { icon: 'pause', word: 'Halted', tone: 'wait' },
  COMPLETED: { icon: 'check', word: 'Completed', tone: 'done' },
} as const

export function StatusWord({ status }: { readonly status: TaskStatus }) {
  const { icon, word, tone } = STATUS_WORDS[status]
  return (
    <span class={`state state-${tone}`}>
      <Icon name={icon} />
      {word}
    </span>
  )
}

export function StateGlyph({ state }: { readonly state: SubtaskState }) {
  const { icon, word } = STATE_WORDS[state]
  return (
    <span class={`state-glyph${state === 'done' ? ' state-done' : ''}`} title={word}>
      <Icon name={icon} />
      <span class="visually-hidden">{word}: </span>
    </span>
  )
}
