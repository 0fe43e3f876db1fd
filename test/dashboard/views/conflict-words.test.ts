import { describe, expect, test } from 'vitest'
import { conflictStory } from '../../../dashboard/views/conflict-words.js'
import { aConflict } from '../builders.js'

const lock = { id: 'l_1', holder: 'GEMINI-plan' }
const whole = { theirs: null, first: 'ours', authors: { ours: 'GEMINI-plan', theirs: 'CODEX-review' } }
const told = (more: object) => {
  const { earlier, later, deed, before } = conflictStory(aConflict('c', more))
  return `${later} ${deed} after ${earlier} ${before}`
}

describe('the story of a conflict', () => {
  test.each([
    [{ ...whole, reason: 'delete', first: 'ours' }, 'CODEX-review deleted the file after GEMINI-plan had changed it'],
    [{ ...whole, reason: 'delete', first: 'theirs' }, 'GEMINI-plan changed the file after CODEX-review had deleted it'],
    [
      { ...whole, reason: 'binary', first: 'theirs' },
      'GEMINI-plan replaced the file after CODEX-review had replaced it',
    ],
    [
      { ...whole, reason: 'create', first: 'ours' },
      'CODEX-review created the same file after GEMINI-plan had created it',
    ],
    [{ ...whole, reason: 'create', lock }, 'CODEX-review made a file after GEMINI-plan had locked its path'],
    [{ ...whole, reason: 'delete', lock }, 'CODEX-review deleted the file after GEMINI-plan had locked it'],
    [{}, 'CODEX-two changed the same line after CLAUDE-one had changed it'],
  ])('%j is told in the order in which it happened', (conflict, sentence) => {
    expect(told(conflict)).toBe(sentence)
  })
})
