/**
 * Tags: the few characters by which the page names an author everywhere. Shape says the type, the letter and number who,
 * the colour the order of joining. All of it follows from the server's list of everybody who ever joined, so that every
 * page, whenever it was opened, calls an agent the same.
 */
import type { KnownAgent } from '../../protocol/agents.js'
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
  ['PEER', plain('peer', 'someone without a name: in an editor, or over HTTP')],
  // As events have it that name nobody.
  ['', plain('–', 'someone without a name, or the server')],
  ['git', plain('git', 'a git operation')],
])

export class TagBook {
  readonly #orders = new Map<string, number>()
  readonly #tags = new Map<string, Tag>()
  /** Of the types that joined. */
  readonly #letters = new Map<string, string>()

  constructor() {
    this.clear()
  }

  /** Returns whether any of them is new. Their tags count from the first that ever joined. */
  learn(agents: readonly KnownAgent[]): boolean {
    const before = this.#orders.size
    for (const { agentId, order } of agents) this.#orders.set(agentId, order)
    if (this.#orders.size === before) return false
    this.#number()
    return true
  }

  clear(): void {
    this.#orders.clear()
    this.#number()
  }

  #number(): void {
    this.#tags.clear()
    this.#letters.clear()
    for (const [type, { letter }] of WELL_KNOWN) this.#letters.set(type, letter)
    const counts = new Map<string, number>()
    for (const [id, order] of [...this.#orders].sort(([, a], [, b]) => a - b)) {
      const { type, instance } = agentParts(id)
      const number = (counts.get(type) ?? 0) + 1
      counts.set(type, number)
      const letter = this.#letter(type)
      this.#letters.set(type, letter)
      this.#tags.set(id, {
        text: `${letter}${number}`,
        shape: WELL_KNOWN.get(type)?.shape ?? 'notched',
        colour: ((order - 1) % COLOURS) + 1,
        outlined: order > COLOURS,
        name: `${instance}, ${capitalize(type)}`,
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

  /** One that never joined, as writers over HTTP may be: in ink, by the initials of its type and instance; people by name. */
  #absent(agentId: string): Tag {
    const { type, instance } = agentParts(agentId)
    if (type === 'PERSON') return plain(instance.slice(0, 4), `${instance}, a person`)
    return {
      text: `${this.#letter(type)}${instance.slice(0, 1)}`,
      shape: WELL_KNOWN.get(type)?.shape ?? 'notched',
      colour: null,
      outlined: true,
      name: `${instance}, ${capitalize(type)}, never joined`,
    }
  }

  /** The first letter of the type that no type has which joined. */
  #letter(type: string): string {
    const known = this.#letters.get(type)
    if (known !== undefined) return known
    const taken = new Set(this.#letters.values())
    return Array.from(`${type}ABCDEFGHIJKLMNOPQRSTUVWXYZ`).find((candidate) => !taken.has(candidate)) ?? 'A'
  }
}

/** As splitAgentId, without the schemas behind it: they would be half of the page. */
export function agentParts(agentId: string): { readonly type: string; readonly instance: string } {
  const dash = agentId.indexOf('-')
  return { type: agentId.slice(0, dash), instance: agentId.slice(dash + 1) }
}

function plain(text: string, name: string): Tag {
  return { text, shape: 'plain', colour: null, outlined: true, name }
}
