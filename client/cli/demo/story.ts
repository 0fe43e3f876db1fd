/** What happens in the demo, act by act; each does something with plain file writes, waits for its outcome, and tells it. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EnsembleError } from '../../../protocol/errors.js'
import { count, duration, list } from '../words.js'
import type { SourceTree } from './source-tree.js'
import type { Member, Patience, Place } from './team.js'

export interface Stage {
  readonly source: SourceTree
  readonly workspace: string
  readonly team: readonly [claude: Member, codex: Member, gemini: Member]
  readonly place: Place
  readonly patience: Patience
  readonly tell: (sentence: string) => void
  /** Ends the server as a power cut would. */
  readonly killServer: () => Promise<void>
  readonly startServer: () => Promise<void>
}

const SAVES = 20
/** Between two saves of one agent while the server is being killed. In milliseconds. */
const PACE = 25
const SAVES_BEFORE_KILL = 10
const SAVES_WHILE_DOWN = 10

export class Story {
  readonly #stage: Stage
  /** Every line that was written and must be in every folder, once. */
  readonly markers: string[] = []

  constructor(stage: Stage) {
    this.#stage = stage
  }

  get #dirs(): string[] {
    return [this.#stage.workspace, ...this.#stage.team.map(({ dir }) => dir)]
  }

  async play(): Promise<void> {
    await this.#sameFileAtOnce()
    await this.#byTurns()
    await this.#newFile()
    await this.#overlap()
    await this.#kill()
    await this.#offline()
  }

  #mark(who: Member, what: string): string {
    const marker = `// ${who.name}: ${what} (${this.markers.length + 1})`
    this.markers.push(marker)
    return marker
  }

  /** Puts a new line at a part (0 to 1) of the file, where no other agent writes. */
  #insert(who: Member, path: string, part: number, what: string): string {
    const marker = this.#mark(who, what)
    who.save(path, (lines) => lines.splice(Math.floor(lines.length * part), 0, marker))
    return marker
  }

  #file(index: number): string {
    return this.#stage.source.longest[index] ?? ''
  }

  async #sameFileAtOnce(): Promise<void> {
    const { team, tell } = this.#stage
    const path = this.#file(0)
    const parts = [0.2, 0.5, 0.8]
    const markers = team.map((member, index) => this.#insert(member, path, parts[index] ?? 0, 'at the same moment'))
    const took = await this.#stage.patience.untilIn(this.#dirs, path, markers)
    await this.#stage.patience.untilSame(this.#dirs, this.markers, `the same ${path} in every folder`)
    tell(
      `All three save ${path} at the same moment, each at lines of its own: merged in all 4 folders after ${duration(took)}.`,
    )
  }

  async #byTurns(): Promise<void> {
    const { team, tell } = this.#stage
    const times: number[] = []
    for (let save = 0; save < SAVES; save++) {
      const writer = team[save % team.length] ?? team[0]
      const path = this.#file(1 + (save % 3))
      const marker = this.#insert(writer, path, (save + 1) / (SAVES + 2), 'by turns')
      times.push(await this.#stage.patience.untilIn(this.#dirs, path, [marker]))
    }
    times.sort((a, b) => a - b)
    const median = duration(times[Math.floor(times.length / 2)] ?? 0)
    tell(`${SAVES} saves by turns: in all 4 folders after ${median} (median), ${duration(times.at(-1) ?? 0)} at most.`)
  }

  async #newFile(): Promise<void> {
    const { team, tell } = this.#stage
    const [, codex] = team
    const path = join('review', 'notes.md')
    const marker = this.#mark(codex, 'a new file')
    codex.make(path, `# Review\n\n${marker}\n`)
    const took = await this.#stage.patience.untilIn(this.#dirs, path, [marker])
    tell(`${codex.name} makes ${path}: it is everywhere after ${duration(took)}.`)
  }

  /** Two rewrite one line. One text stays; the other is held, and its author's folder takes the first. */
  async #overlap(): Promise<void> {
    const { team, tell } = this.#stage
    const [claude, codex, gemini] = team
    const path = this.#file(1)
    const texts = [claude, codex].map((member) => `// ${member.name}: my version of one and the same line`)
    ;[claude, codex].forEach((member, index) => {
      member.save(path, (lines) => lines.splice(Math.floor(lines.length * 0.97), 1, texts[index] ?? ''))
    })
    const conflict = async () => (await gemini.conflicts()).find((one) => one.path === path)
    const took = await this.#stage.patience.until(async () => (await conflict()) !== undefined, `a conflict in ${path}`)
    const record = await conflict()
    if (record?.reason !== 'overlap') throw broken(`the record of the conflict in ${path} does not hold both texts`)
    const stays = texts.find((text) => record.ours.includes(text))
    const held = texts.find((text) => record.theirs.includes(text))
    if (stays === undefined || held === undefined || stays === held) throw broken(`the conflict in ${path} lost a text`)
    this.markers.push(stays)
    await this.#stage.patience.untilSame(this.#dirs, this.markers, `the same text of ${path} in every folder`)
    if (claude.holds(path, held)) throw broken('a text that is held stands in the file as well')
    const { ours, theirs } = record.authors
    tell(
      `${claude.name} and ${codex.name} rewrite the same line: a conflict after ${duration(took)}. The line of ${ours} stays, that of ${theirs} is held beside it; nothing is lost.`,
    )
  }

  async #kill(): Promise<void> {
    const { team, tell, killServer, startServer } = this.#stage
    const path = this.#file(4)
    const write = async (saves: number, what: string): Promise<void> => {
      for (let save = 0; save < saves; save++) {
        team.forEach((member, index) => this.#insert(member, path, (index + 0.5) / team.length, what))
        await sleep(PACE)
      }
    }
    const writing = write(SAVES_BEFORE_KILL, 'while the server is killed')
    await sleep((PACE * SAVES_BEFORE_KILL) / 2)
    await killServer()
    await writing
    await write(SAVES_WHILE_DOWN, 'while there is no server')
    const restarted = performance.now()
    await startServer()
    const up = performance.now() - restarted
    const took = await this.#stage.patience.untilSame(
      this.#dirs,
      this.markers,
      'every edit in every folder after the restart',
    )
    const edits = count((SAVES_BEFORE_KILL + SAVES_WHILE_DOWN) * team.length, 'save')
    tell(
      `kill -9 of the server in the middle of ${edits}, a third each, all in one file: it is back in ${duration(up)}, everyone has everything ${duration(took)} later.`,
    )
  }

  async #offline(): Promise<void> {
    const { team, tell, place } = this.#stage
    const [claude, codex, gemini] = team
    const paths = [this.#file(0), this.#file(2), this.#file(3)]
    await gemini.leave()
    paths.forEach((path, index) => {
      this.#insert(gemini, path, 0.9, 'while offline')
      this.#insert(index % 2 === 0 ? claude : codex, path, 0.1, 'while Gemini was offline')
    })
    gemini.make(join('review', 'plan.md'), `# Plan\n\n${this.#mark(gemini, 'a file made offline')}\n`)
    const startedAt = performance.now()
    await gemini.join(place)
    await this.#stage.patience.untilSame(this.#dirs, this.markers, 'what was edited offline in every folder')
    const took = performance.now() - startedAt
    tell(
      `${gemini.name} goes offline and edits ${list(paths)}, which the others edit too: merged ${duration(took)} after its return.`,
    )
  }
}

function broken(what: string): EnsembleError {
  return new EnsembleError('E_INTERNAL', `The demo found a fault: ${what}.`, { hint: 'Please report it.' })
}
