/** The script of the thread that MergeWorker starts: it answers questions, one after the other, and holds nothing. */
import { parentPort } from 'node:worker_threads'
import { diff } from '../../protocol/text/diff.js'
import { decideWrite, type Decision } from './decide-write.js'
import type { Question } from './write-decider.js'

export interface Asked {
  readonly id: number
  readonly question: Question
}

export interface Answered {
  readonly id: number
  readonly decision: Decision
}

parentPort?.on('message', ({ id, question }: Asked) => {
  const { head, base, written, rules } = question
  const decision = decideWrite(head, base, written, rules)
  const { content } = decision.result
  const isText = content.kind === 'text' && head.content.kind === 'text'
  const fromHead = isText ? { fromHead: diff(head.content.text, content.text) } : {}
  parentPort?.postMessage({ id, decision: { ...decision, ...fromHead } } satisfies Answered)
})
