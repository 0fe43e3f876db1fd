/**
 * Tags: the few characters by which the page names an author everywhere. Shape says the type, the letter and number who,
 * the colour the order of joining. A tag, once given, stays.
 */
import type { Agent } from '../../protocol/agents.js'
import { capitalize } from './format.js'

export interface Tag {
  /** "C1" */
  readonly text: string
  readonly shape: 'round' | 'square' | 'hexagon' | 'notched' | 'plain'
  /** 1–8, a colour of tokens.css; null: ink. */
  readonly colour: number | null
  readonly outlined: boolean
  /** Who that is, for tooltips and screen readers. */
  readonly name: string
}

const COLOURS = 8

const WELL_KNOWN: ReadonlyMap<string, { readonly letter: string; readonly shape: Tag['shape'] }> = new Map([
  ['CLAUDE', { letter: 'C', shape: 'round' }],
  ['CODEX', { letter: 'X', shape: 'square' }],
  ['GEMINI', { letter: 'G', shape: 'hexagon' }],
])

const NO_AGENT: ReadonlyMap<string, Tag> = new Map([
  ['DISK', plain('disk', 'someone in the served folder')],
  ['PEER', plain('live', 'someone in a live editor')],
  ['git', plain('git', 'a git operation')],
])

export class TagBook {
  readonly #tags = new Map<string, Tag>()
  readonly #counts = new Map<string, number>()
  readonly #letters = new Map([...WELL_KNOWN].map(([type, { letter }]) => [type, letter]))

  /** Gives a tag to each agent that has none, in the order of joining. */
  learn(agents: readonly Agent[]): void {
    for (const agent of [...agents].sort((a, b) => a.order - b.order)) {
      if (this.#tags.has(agent.agentId)) continue
      const number = (this.#counts.get(agent.type) ?? 0) + 1
      this.#counts.set(agent.type, number)
      this.#tags.set(agent.agentId, {
        text: `${this.#letter(agent.type)}${number}`,
        shape: WELL_KNOWN.get(agent.type)?.shape ?? 'notched',
        colour: ((agent.order - 1) % COLOURS) + 1,
        outlined: agent.order > COLOURS,
        name: `${agent.instance}, ${capitalize(agent.type)}`,
      })
    }
  }

  has(agentId: string): boolean {
    return this.#tags.has(agentId)
  }

  /** @param author an agent's id, or `DISK`, `PEER`, `git` */
  of(author: string): Tag {
    return this.#tags.get(author) ?? NO_AGENT.get(author) ?? this.#absent(author)
  }

  /** One that was gone before this page was opened: in ink, by the initials of its type and instance. */
  #absent(agentId: string): Tag {
    const dash = agentId.indexOf('-')
    const type = agentId.slice(0, dash)
    const instance = agentId.slice(dash + 1)
    return {
      text: `${this.#letter(type)}${instance.slice(0, 1)}`,
      shape: WELL_KNOWN.get(type)?.shape ?? 'notched',
      colour: null,
      outlined: true,
      name: `${instance}, ${capitalize(type)}, not connected`,
    }
  }

  /** The first letter of the type that no other type has. */
  #letter(type: string): string {
    const known = this.#letters.get(type)
    if (known !== undefined) return known
    const taken = new Set(this.#letters.values())
    const letter = Array.from(`${type}ABCDEFGHIJKLMNOPQRSTUVWXYZ`).find((candidate) => !taken.has(candidate)) ?? 'A'
    this.#letters.set(type, letter)
    return letter
  }
}

function plain(text: string, name: string): Tag {
  return { text, shape: 'plain', colour: null, outlined: true, name }
}
