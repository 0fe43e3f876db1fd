/**
 * Links that open the dashboard (rules AUTH-8 to AUTH-10).
 *
 * 1. A code is good once, for ten minutes, and is kept as its hash alone.
 * 2. A session's token is kept nowhere: it says what it is worth, signed with the workspace's token. So it outlives a restart of
 *    the server, and ends with that token.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { EnsembleError } from '../../protocol/errors.js'
import type { Access, Link, PageSession } from '../../protocol/links.js'

export interface LinksOptions {
  /** The workspace's token. */
  readonly secret: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds from any start, never backwards. */
  readonly elapsed: () => number
  readonly randomBytes: (count: number) => Buffer
}

/** A person looks for it in a terminal, and clicks. In milliseconds. */
const CODE_LIFE = 10 * 60_000
/** So long a code that is good no more is still told from one that never was. In milliseconds. */
const REMEMBERED = 24 * 60 * 60_000
/** The oldest are forgotten. */
const MOST_CODES = 1_000
/** In milliseconds. */
const SESSION_LIFE = 7 * 24 * 60 * 60_000

const NONCE_BYTES = 16
const CODE_BYTES = 32
/** One of access, six of when it ends in milliseconds since 1970, and chance. */
const SAID_BYTES = 1 + 6 + NONCE_BYTES
const SEAL_BYTES = 32

interface Code {
  readonly hash: Buffer
  readonly access: Access
  readonly madeAt: number
  used: boolean
}

export class Links {
  readonly #options: LinksOptions
  #codes: Code[] = []

  constructor(options: LinksOptions) {
    this.#options = options
  }

  make(access: Access): Link {
    const { now, elapsed, randomBytes } = this.#options
    const madeAt = elapsed()
    const code = randomBytes(CODE_BYTES).toString('base64url')
    const remembered = this.#codes.filter((other) => madeAt - other.madeAt < REMEMBERED)
    this.#codes = [...remembered.slice(1 - MOST_CODES), { hash: hashOf(code), access, madeAt, used: false }]
    return { code, access, expiresAt: now() + CODE_LIFE }
  }

  /** @throws EnsembleError E_UNAUTHORIZED, its `reason` unknown, used or expired */
  use(given: string): PageSession {
    const hash = hashOf(given)
    const code = this.#codes.findLast((one) => timingSafeEqual(one.hash, hash))
    if (code === undefined) throw refusal('unknown')
    if (code.used) throw refusal('used')
    if (this.#options.elapsed() - code.madeAt >= CODE_LIFE) throw refusal('expired')
    code.used = true
    return this.#session(code.access)
  }

  /** What a token of a session is worth; undefined: it is none of ours. */
  accessOf(token: string): Access | 'expired' | undefined {
    const bytes = Buffer.from(token, 'base64url')
    if (bytes.length !== SAID_BYTES + SEAL_BYTES) return undefined
    const said = bytes.subarray(0, SAID_BYTES)
    if (!timingSafeEqual(bytes.subarray(SAID_BYTES), this.#seal(said))) return undefined
    if (said.readUIntBE(1, 6) <= this.#options.now()) return 'expired'
    return said[0] === 1 ? 'write' : 'read'
  }

  #session(access: Access): PageSession {
    const { now, randomBytes } = this.#options
    const expiresAt = now() + SESSION_LIFE
    const said = Buffer.alloc(SAID_BYTES)
    said.writeUInt8(access === 'write' ? 1 : 0, 0)
    said.writeUIntBE(expiresAt, 1, 6)
    randomBytes(NONCE_BYTES).copy(said, 7)
    return { token: Buffer.concat([said, this.#seal(said)]).toString('base64url'), access, expiresAt }
  }

  #seal(said: Buffer): Buffer {
    return createHmac('sha256', this.#options.secret).update('dashboard session\0').update(said).digest()
  }
}

const WHY = {
  unknown: 'The server knows no such link: it was made before the server was started, or is not whole.',
  used: 'This link was used already; each opens one page, once.',
  expired: 'This link is too old; each is good for ten minutes.',
}

function refusal(reason: keyof typeof WHY): EnsembleError {
  return new EnsembleError('E_UNAUTHORIZED', WHY[reason], {
    hint: 'Make a new one with "ensemble dashboard".',
    data: { reason },
  })
}

function hashOf(code: string): Buffer {
  return createHash('sha256').update(code).digest()
}
