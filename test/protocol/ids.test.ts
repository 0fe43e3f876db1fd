import { describe, expect, it } from 'vitest'
import {
  agentId,
  agentIdOf,
  agentInstance,
  agentType,
  author,
  contentHash,
  splitAgentId,
  writeId,
} from '../../protocol/ids.js'

describe('ids', () => {
  it.each(['CLAUDE-frontend', 'GEMINI-a-b-c', 'X-1', 'MY_TYPE2-Front.end_1'])(
    '[MSG-12] %s is split at its first "-" and put together again',
    (whole) => {
      const { type, instance } = splitAgentId(agentId.parse(whole))
      expect(`${type}-${instance}`).toBe(whole)
      expect(type).not.toContain('-')
      expect(agentIdOf(type, instance)).toBe(whole)
    },
  )

  it.each([
    '',
    'CLAUDE',
    'CLAUDE-',
    '-a',
    'claude-a',
    'CLAUDE--a',
    'CLAUDE-a b',
    'CLAUDE-ä',
    'CLAUDE-a/b',
    `A-${'b'.repeat(65)}`,
  ])('[MSG-12] %j is no agent id', (whole) => {
    expect(agentId.safeParse(whole).success).toBe(false)
  })

  it.each(['a', '1', 'Front.end_1-2'])('[MSG-12] an instance may be called %s', (name) => {
    expect(agentInstance.safeParse(name).success).toBe(true)
  })

  it.each(['', '-a', '.hidden', 'a b', 'a\n', '../x'])('[MSG-12] no instance is called %j', (name) => {
    expect(agentInstance.safeParse(name).success).toBe(false)
  })

  it.each(['claude', '1A', 'A-B', ''])('[MSG-12] %j is no type', (name) => {
    expect(agentType.safeParse(name).success).toBe(false)
  })

  it('an author is an agent, DISK, PEER or git', () => {
    for (const name of ['CODEX-a', 'DISK', 'PEER', 'git']) expect(author.safeParse(name).success).toBe(true)
    for (const name of ['disk', 'somebody', '']) expect(author.safeParse(name).success).toBe(false)
  })

  it('a write id is short and plain, so that it can be a key', () => {
    for (const id of ['a', 'A_b-9', 'x'.repeat(128)]) expect(writeId.safeParse(id).success).toBe(true)
    for (const id of ['', 'a b', 'a/b', 'é', 'x'.repeat(129)]) expect(writeId.safeParse(id).success).toBe(false)
  })

  it('a content hash is 64 lower-case hexadecimal digits', () => {
    expect(contentHash.safeParse('0f'.repeat(32)).success).toBe(true)
    for (const hash of ['0F'.repeat(32), '0f'.repeat(31), `${'0f'.repeat(32)}\n`]) {
      expect(contentHash.safeParse(hash).success).toBe(false)
    }
  })
})
