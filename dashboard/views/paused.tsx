/** A folder that holds something back until a person decides: why, and how it goes on. */
import type { Pause } from '../../protocol/folder.js'
import { Age } from '../parts/age.js'
import { AgentTag } from '../parts/agent-tag.js'
import { Icon } from '../parts/icon.js'
import { CopyCommand } from '../parts/copy-command.js'

export interface PausedProps {
  /** Whose folder; null: the one that the server serves. */
  readonly who: string | null
  readonly pause: Pause
}

export function Paused({ who, pause }: PausedProps) {
  return (
    <li>
      <span class="mark mark-wait">
        <Icon name="pause" />
      </span>
      <div class="inbox-text">
        <p>
          <b>
            {who === null ? 'The served folder' : 'The folder of'} {who !== null && <AgentTag author={who} small />}{' '}
            waits for you
          </b>
        </p>
        <p class="soft">
          {pause.message} {pause.hint}
        </p>
        {pause.choices.length > 0 && (
          <>
            <p class="soft">In that folder this tells what is held, and asks what becomes of it:</p>
            <CopyCommand command="ensemble resume" />
          </>
        )}
      </div>
      <span class="inbox-age">{pause.since !== null && <Age of={pause.since} />}</span>
    </li>
  )
}
