/**
 * The story of a hotfix, told by two programs with the SDK: one writes, the other watches what is written, reviews it the moment
 * that is asked for, and finds something; what it finds is put right, and passes.
 */
import { EnsembleClient } from '../../client/node/client.js'
import { openMemoryStore } from '../../client/sdk/store.js'
import type { EventData } from '../../protocol/events.js'
import { reviewFinding, type ReviewFinding } from '../../protocol/agent-events.js'
import { agentRole } from '../../protocol/ids.js'
import { workspacePath } from '../../protocol/paths.js'

export interface HotfixStory {
  /** From before `review:requested` is said until the reviewer has its REVIEW lock, of each review. In milliseconds. */
  readonly waits: readonly number[]
  /** What was asked for, and how much of it was refused. */
  readonly locks: { readonly asked: number; readonly refused: number }
  /** Of `review:completed`, in order. */
  readonly verdicts: readonly string[]
  /** Changes of the file that the reviewer heard of before it was asked. */
  readonly watched: number
  readonly text: string
}

const WRITTEN = ['export function login(given, kept) {\n', '  return given == kept\n', '}\n'] as const

/** @param name of both instances and of the file, so that many stories can be told at once */
export async function tellHotfix(server: { url: string; token: string }, name: string): Promise<HotfixStory> {
  const file = workspacePath.parse(`src/auth/${name}.ts`)
  const locks = { asked: 0, refused: 0 }
  const waits: number[] = []
  const verdicts: string[] = []
  let asked = 0
  let watched = 0
  const join = async (type: string, role: string): Promise<EnsembleClient> => {
    const roles = [agentRole.parse(role)]
    const own = { token: server.token, store: openMemoryStore(), roles }
    const client = new EnsembleClient(`${type}-${name}-${role}`, type, own)
    await client.connect(server.url)
    return client
  }
  const lock = async (client: EnsembleClient, type: 'EXCLUSIVE' | 'REVIEW'): Promise<void> => {
    locks.asked++
    const result = await client.acquireLock(file, { type, wait: 10 })
    if (result.outcome === 'refused' || result.waited > 0) locks.refused++
  }
  const implementer = await join('CLAUDE', 'implementer')
  const reviewer = await join('CODEX', 'reviewer')
  try {
    reviewer.subscribe(file)
    reviewer.on('file:changed', () => watched++)
    const review = async ({ review_id }: EventData<'review:requested'>): Promise<void> => {
      await lock(reviewer, 'REVIEW')
      waits.push(performance.now() - asked)
      await reviewer.broadcast('review:in_progress', { review_id, files: [file] })
      const text = (await reviewer.readFile(file))?.text ?? ''
      const findings = findingsIn(text)
      const status = findings.length === 0 ? 'APPROVED' : 'CHANGES_REQUESTED'
      await reviewer.releaseLock(file)
      await reviewer.broadcast('review:completed', { review_id, files: [file], status, findings })
    }
    const failed = new Promise<never>((_, reject) => {
      reviewer.on('review:requested', ({ agent_id, data }) => {
        if (agent_id === implementer.agentId) review(data).catch(reject)
      })
    })
    const askForReview = async (review_id: string): Promise<readonly ReviewFinding[]> => {
      const answer = completed(implementer, review_id)
      asked = performance.now()
      await implementer.broadcast(
        'review:requested',
        { review_id, files: [file] },
        { role: agentRole.parse('reviewer') },
      )
      const { status, findings } = await Promise.race([answer, failed])
      verdicts.push(status)
      return findings
    }
    await lock(implementer, 'EXCLUSIVE')
    for (let lines = 1; lines <= WRITTEN.length; lines++) {
      await (
        await implementer.writeFile(file, WRITTEN.slice(0, lines).join(''))
      ).done
    }
    await heardOf(() => watched >= WRITTEN.length, reviewer)
    const before = watched
    // The lock is kept: a review waits for nobody who writes.
    for (const { line = 0 } of await askForReview(`${name}-1`)) {
      await implementer.broadcast('fix:in_progress', { file, line, review_id: `${name}-1` })
      const repaired = WRITTEN.join('').replace('given == kept', 'timingSafeEqual(given, kept)')
      const { head } = await (await implementer.writeFile(file, repaired)).done
      await implementer.broadcast('fix:applied', { file, line, review_id: `${name}-1`, rev: head.rev })
    }
    await askForReview(`${name}-2`)
    await implementer.releaseLock(file)
    const text = (await reviewer.readFile(file))?.text ?? ''
    return { waits, locks, verdicts, watched: before, text }
  } finally {
    await implementer.close()
    await reviewer.close()
  }
}

function findingsIn(text: string): ReviewFinding[] {
  const line = 1 + text.split('\n').findIndex((one) => one.includes('=='))
  return line === 0 ? [] : [reviewFinding.parse({ type: 'security', line, msg: 'Compare secrets in constant time.' })]
}

function completed(client: EnsembleClient, review: string): Promise<EventData<'review:completed'>> {
  return new Promise((resolve) => {
    const dispose = client.on('review:completed', ({ data }) => {
      if (data.review_id !== review) return
      dispose()
      resolve(data)
    })
  })
}

async function heardOf(condition: () => boolean, client: EnsembleClient): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (!condition()) return
      dispose()
      resolve()
    }
    const dispose = client.on('file:changed', look)
    look()
  })
}
