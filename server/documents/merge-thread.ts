/** The script of the thread that decides about large texts: it answers questions, one after the other, and holds nothing. */
import { parentPort } from 'node:worker_threads'
import { diff } from '../../protocol/text/diff.js'
import type { Answered, Asked } from '../side-thread.js'
import { decideWrite, type Decision } from './decide-write.js'
import type { Question } from './write-decider.js'

parentPort?.on('message', ({ id, question }: Asked<Question>) => {
  const { head, base, written, rules, into } = question
  const decision = decideWrite(head, base, written, rules)
  const { content } = decision.result
  const fromHead = head.content.kind === 'text' && content.kind === 'text' && diff(head.content.text, content.text)
  const change = into !== undefined && content.kind === 'text' && diff(into, content.text)
  const answer = { ...decision, ...(fromHead && { fromHead }), ...(change && { change }) }
  parentPort?.postMessage({ id, answer } satisfies Answered<Decision>)
})
