/** The few characters by which an agent is named: `C1` is the first Claude. */
import type { Agent } from '../../../protocol/agents.js'
import { agentId, splitAgentId } from '../../../protocol/ids.js'

const LETTERS: ReadonlyMap<string, string> = new Map([
  ['CLAUDE', 'C'],
  ['CODEX', 'X'],
  ['GEMINI', 'G'],
])

const OTHERS: ReadonlyMap<string, string> = new Map([
  ['DISK', 'someone in the workspace'],
  ['PEER', 'someone without a name'],
  ['git', 'git'],
])

/** Names given once stay, also when their agents leave. */
export class Tags {
  readonly #tags = new Map<string, string>()
  readonly #counts = new Map<string, number>()

  learn(agents: readonly Agent[]): void {
    for (const { agentId: id, type } of [...agents].sort((a, b) => a.order - b.order)) {
      if (this.#tags.has(id)) continue
      const number = (this.#counts.get(type) ?? 0) + 1
      this.#counts.set(type, number)
      this.#tags.set(id, `${LETTERS.get(type) ?? type.slice(0, 1)}${number}`)
    }
  }

  /** "C1" */
  short(author: string): string {
    return this.#tags.get(author) ?? OTHERS.get(author) ?? author
  }

  /** "C1 frontend"; instance names are unique, and what people gave. */
  name(author: string): string {
    const tag = this.#tags.get(author)
    return tag === undefined ? (OTHERS.get(author) ?? author) : `${tag} ${splitAgentId(agentId.parse(author)).instance}`
  }
}
