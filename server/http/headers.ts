/** What a request that writes says about itself: who asks (`X-Ensemble-Agent`), and its write id (`Idempotency-Key`). */
import type { Request } from 'express'
import { EnsembleError } from '../../protocol/errors.js'
import { lockToken } from '../../protocol/files.js'
import { agentId, writeId, type Author, type WriteId } from '../../protocol/ids.js'

/** Whoever names no agent is a person, or a program of theirs. @throws EnsembleError E_BAD_REQUEST */
export function authorOf(request: Request): Author {
  const given = request.headers['x-ensemble-agent']
  if (given === undefined) return 'PEER'
  const parsed = agentId.safeParse(given)
  if (parsed.success) return parsed.data
  throw new EnsembleError('E_BAD_REQUEST', 'X-Ensemble-Agent must be an agent id, as CLAUDE-frontend.')
}

/** Of the lock that a write speaks for (`X-Lock-Token`). @throws EnsembleError E_BAD_REQUEST */
export function lockTokenOf(request: Request): number | undefined {
  const given = request.headers['x-lock-token']
  if (given === undefined) return undefined
  const parsed = lockToken.safeParse(Number(given))
  if (parsed.success) return parsed.data
  throw new EnsembleError('E_BAD_REQUEST', 'X-Lock-Token must be the token of a lock, a whole number from 1.')
}

/** @throws EnsembleError E_BAD_REQUEST */
export function writeIdOf(request: Request, newId: () => string): WriteId {
  const given = request.headers['idempotency-key']
  if (given === undefined) return writeId.parse(newId())
  const parsed = writeId.safeParse(given)
  if (parsed.success) return parsed.data
  throw new EnsembleError('E_BAD_REQUEST', 'Idempotency-Key may hold up to 128 letters, digits, "-" and "_".')
}
