/**
 * One peer in one document, whatever carries it: a socket of /sync, or a number on a socket of /agent.
 *
 * 1. Nothing is sent before the peer's state vector; a vector of another epoch ends the channel (rule SYNC-2).
 * 2. What is sent is durable: the answer to a state vector waits for it, and later updates wait behind the answer. Those that
 *    are in the answer do not follow it.
 * 3. It knows what the peer had seen when it sent an update (rule SYNC-16). Our state vector leaves before our answer to the
 *    peer's: so what it answers is what it had before it heard anything.
 * 4. A peer whose update has no ground here is asked for all that we lack: at once, unless the same question waits for its
 *    answer; once more after a second, because that may have been lost; then with each heartbeat (rule SYNC-8).
 * 5. A peer that reads too slowly is handed nothing more until it has read what waits for it; then it gets all that it lacks
 *    in one update. Nothing is kept for it meanwhile (rule SYNC-7). So it is with one whose answer leaves in parts (rule SYNC-5).
 * 6. Of a peer that may only read nothing is taken, and it stays (rule AUTH-11).
 */
import * as Y from 'yjs'
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import type { Author } from '../../protocol/ids.js'
import type { Access } from '../../protocol/links.js'
import type { Arrival } from '../trace/traces.js'
import { lookOnly } from '../auth/look-only.js'
import { deletedIn, IdRanges, type DecodedUpdate } from '../documents/id-ranges.js'
import type { Sender, Sight } from '../documents/sight.js'
import type { Batch } from './batch.js'
import { lacksGround } from './ground.js'
import type { Behind, Member, Room } from './room.js'
import { decodePeerMessage, deniedFrame, step1Frame } from './sync-frames.js'
import { assertOwn, bringsNew, decodeUpdate, isEmpty } from './updates.js'

/** In bytes: where more waits to be sent over a connection, its documents are told no more until it has been read. */
const SLOW_BYTES = 1024 * 1024
/** In milliseconds. So long is waited for what a peer owes, before it is asked once more. */
const ASK_AGAIN = 1_000

export interface ChannelPort {
  /** Notes that an update of so many bytes has come; undefined: nobody remembers it. */
  arrived(bytes: number): Arrival | undefined
  send(payload: Uint8Array): void
  /** Bytes that wait to be sent over its connection. */
  unsent(): number
  /** Runs `run` when none of them waits any more. */
  whenDrained(run: () => void): void
  /** A promise: it leaves in parts, and until that resolves nothing more of the document may be sent but awareness and questions. */
  answer(batch: Batch): Promise<void> | undefined
  /** @param received runs as that of `whenReceived`, with the batch */
  deliver(batch: Batch, received?: () => void): void
  /** Runs `run` when the peer has received all that was sent so far. */
  whenReceived(run: () => void): void
  /** Ends the channel from this side. */
  close(error: EnsembleError): void
}

/** What a peer lacked, as it was when that was made. */
interface Answer {
  readonly batch: Batch
  /** Number of the newest turn in it, and of the newest step. */
  readonly turns: number
  readonly through: number
  /** What the peer has with it. */
  readonly reached: Behind
}

export class Channel implements Member {
  readonly #room: Room
  readonly #author: Author
  readonly #port: ChannelPort
  readonly #access: Access
  /** Stands for this channel in what is remembered of its document, which outlives it by far. */
  readonly #source = {}
  /** What waits for the answer to the state vector; undefined: it has been given. */
  #waiting: Batch[] | undefined
  /** The newest of the document's turns that is in an answer. */
  #answeredTurn = 0
  /** It reads too slowly, or its answer leaves in parts, and this is what it had; undefined: neither. */
  #behind: Behind | undefined
  /** Something was not handed to it since then. */
  #missed = false
  #state: 'new' | 'joined' | 'closed' = 'new'
  #answered = false
  /** The peer has something that could not be taken yet. */
  #owes = false
  /** The state vector that the peer was last asked with, until it has answered with all that was lacking. */
  #asked: Uint8Array | undefined
  #askingAgain: unknown
  /** Until the peer has what it was answered, and has told what it has. */
  #joining: { readonly stateVector: ReadonlyMap<number, number>; readonly named: IdRanges } | undefined
  #toldAll = false
  /** The newest step of the answer that it joined with. */
  #joinedAt = 0
  /** The newest step that was sent, and that has been received. */
  #sent = 0
  #seen = 0
  #confirming = false
  /** It may edit: it wrote, or shows where it is. What others merely watch need not be confirmed. */
  #edits = false
  /** The peer's Yjs client, once that has shown. */
  #client: number | null = null

  constructor(room: Room, author: Author, port: ChannelPort, access: Access = 'write') {
    this.#room = room
    this.#access = access
    this.#author = author
    this.#port = port
    room.enter(this)
  }

  /** @throws EnsembleError: the channel should be closed with it */
  receive(payload: Uint8Array): void {
    const message = decodePeerMessage(payload)
    if (this.#state === 'closed') return
    switch (message.kind) {
      case 'step1':
        this.#inTurn(message.stateVector, (vector) => {
          this.#join(vector)
        })
        return
      case 'update':
        this.#updated(message.update, message.isAnswer)
        return
      case 'awareness':
        if (this.#access === 'read') return // every provider announces itself; a watcher is not seen
        this.#room.acceptAwareness(this, message.update)
        this.#becomesEditor()
        return
      case 'query-awareness':
        this.#showAwareness()
        return
      case 'ignored':
        return
    }
  }

  /** Awareness of everyone, which also tells a stock provider that the line lives. */
  heartbeat(): void {
    if (this.#state !== 'joined') return
    // Where much waits it would only wait behind it, one more with each heartbeat.
    if (this.#port.unsent() <= SLOW_BYTES) this.#showAwareness()
    this.#askAgain()
  }

  deliver(batch: Batch): void {
    if (this.#state !== 'joined') return
    if (this.#behind !== undefined) {
      this.#missed = true
      return
    }
    if (this.#waiting === undefined) {
      if (this.#port.unsent() > SLOW_BYTES) this.#fallBehind(batch)
      else this.#hand(batch)
    } else {
      this.#waiting.push(batch.updates)
      // Who was not answered yet gets all of it with the first answer.
      if (this.#answered) this.#hand(batch.rest)
    }
  }

  expel(error: EnsembleError): void {
    this.#port.close(error)
    this.close()
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#room.timers.clearTimeout(this.#askingAgain)
    // One that left before it had its answer says nothing of how far it was told: what is known of it stays.
    if (this.#answered && (this.#joining === undefined || this.#seen >= this.#joinedAt)) {
      const clients = new Set(this.#room.clientsOf(this))
      if (this.#client !== null) clients.add(this.#client)
      for (const client of clients) this.#room.document.left(client, this.#received)
    }
    this.#room.leave(this)
  }

  /** What the peer had seen is that which it had when this came; while it waits for its turn, more is received. */
  #updated(encoded: Uint8Array, isAnswer: boolean): void {
    const received = this.#state === 'joined' ? this.#received : undefined
    const arrival = this.#port.arrived(encoded.length)
    if (received !== undefined && this.#access === 'write') this.#becomesEditor()
    this.#inTurn(encoded, (update) => {
      this.#apply(update, isAnswer, received ?? this.#received, arrival)
    })
  }

  /** While its document is held everything waits, in its order; what a peer sent before it left comes in all the same. */
  #inTurn(bytes: Uint8Array, take: (bytes: Uint8Array) => void): void {
    const { live } = this.#room.document
    if (live.held === undefined) {
      take(bytes)
      return
    }
    live.whenFree(() => {
      try {
        take(bytes)
      } catch (error) {
        this.expel(toEnsembleError(error))
      }
    }, bytes.length)
  }

  #join(encoded: Uint8Array): void {
    if (this.#state === 'closed') return
    const stateVector = decodeStateVector(encoded)
    const { live, epoch, former = null } = this.#room.document
    if (live.expelled !== undefined) throw live.expelled
    const isStrange = epoch === null ? former !== null && stateVector.has(former) : !stateVector.has(epoch)
    if (isStrange && stateVector.size > 0 && !sharesHistory(stateVector, live.doc)) {
      throw new EnsembleError('E_EPOCH', 'This copy of the document comes from another history.', {
        hint: 'Start from an empty document, and write your text into it after the first sync.',
      })
    }
    if (this.#state === 'new' && stateVector.size > 0) {
      this.#joining = { stateVector, named: new IdRanges() }
    }
    this.#state = 'joined'
    if (stateVector.size === 0) this.#sent = this.#room.document.steps // whatever it writes meanwhile is upon nothing
    this.#answerWhenDurable(() => this.#room.answer(encoded, stateVector.size === 0))
  }

  #fallBehind(batch: Batch): void {
    this.#behind = this.#room.before(batch.after(this.#answeredTurn))
    this.#port.whenDrained(() => {
      this.#catchUp()
    })
  }

  #catchUp(): void {
    const behind = this.#behind
    if (behind === undefined) return
    try {
      this.#inTurn(new Uint8Array(), () => {
        if (this.#behind === behind && this.#state === 'joined') this.#answerWhenDurable(() => this.#room.since(behind))
      })
    } catch (error) {
      this.expel(toEnsembleError(error))
    }
  }

  /** @param make gives what it lacks of the document as it is now: with that it has caught up */
  #answerWhenDurable(make: () => Batch): void {
    const behind = this.#behind
    this.#behind = undefined
    this.#waiting ??= []
    const { document } = this.#room
    const durable = document.live.shown()
    const batch = make()
    const { now } = this.#room
    const answer = {
      batch,
      turns: document.live.turns,
      through: document.steps,
      reached: { ...now, awareness: (behind ?? now).awareness },
    }
    durable.then(
      () => {
        this.#answer(answer, behind)
      },
      (error: unknown) => {
        this.expel(toEnsembleError(error))
      },
    )
  }

  /** @param behind what the peer had before it, where it had fallen behind */
  #answer({ batch, turns, through, reached }: Answer, behind: Behind | undefined): void {
    if (this.#state === 'closed') return
    const first = !this.#answered
    this.#answered = true
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    this.#answeredTurn = Math.max(this.#answeredTurn, turns)
    if (first && this.#access === 'write' && !this.#room.document.live.readOnly) this.#ask()
    if (first) this.#joinedAt = through
    const sent = (): void => {
      this.#sent = Math.max(this.#sent, through)
      if (first) this.#showAwareness()
      else if (behind !== undefined) this.#port.send(this.#room.awarenessSince(behind))
      this.#confirm()
    }
    const leaving = this.#port.answer(batch)
    if (leaving === undefined) {
      sent()
      for (const one of waiting) this.#hand(one)
      return
    }
    this.#behind = reached
    this.#missed = waiting.some((one) => one.after(turns).frames.length > 0)
    void leaving.then(() => {
      if (this.#behind !== reached) return // it was answered anew meanwhile
      if (!this.#missed) this.#behind = undefined
      sent()
      this.#catchUp()
    })
  }

  /** @param received the newest step that the peer had when it sent this, as far as that is known */
  #apply(update: Uint8Array, isAnswer: boolean, received: number, arrival: Arrival | undefined): void {
    if (this.#state === 'new') {
      throw new EnsembleError('E_BAD_FRAME', 'An update came before the state vector.', {
        hint: 'Begin with SyncStep1, as every y-websocket provider does.',
      })
    }
    const decoded = decodeUpdate(update)
    const { document } = this.#room
    if (this.#access === 'read') {
      if (bringsNew(decoded, document.live.doc)) this.#port.send(deniedFrame(lookOnly().message))
      return
    }
    if (document.live.readOnly) {
      if (!bringsNew(decoded, document.live.doc)) return
      throw new EnsembleError('E_READ_ONLY', 'This document is written by the server alone.')
    }
    if (this.#joining !== undefined && !this.#toldAll && !isAnswer) {
      // It is asked for all that it has, and this is in its answer, together with all that it ever saw deleted.
      this.#owe()
      return
    }
    const { ownRoot, epoch } = document
    if (ownRoot !== null) assertOwn(decoded, document.live.doc, { root: ownRoot, epoch })
    // What an update costs goes by its items, not its bytes: 200,000 of one character each (2 MB) take about a second.
    // They are not bounded: such is also the first frame of an honest peer that was offline for long, and cutting it up
    // would cost as much.
    const complete =
      isEmpty(decoded) ||
      (!lacksGround(decoded, document.live.doc) &&
        document.apply(update, this.#author, this.#sender(decoded, isAnswer, received, arrival), decoded))
    if (isAnswer) {
      this.#toldAll = true
      if (this.#joining !== undefined) this.#joining = { ...this.#joining, named: deletedIn(decoded) }
    }
    this.#becomesEditor()
    if (!complete) {
      this.#room.groundless()
      this.#owe()
      this.#ask()
    } else if (isAnswer) {
      this.#owes = false
      this.#asked = undefined
      this.#room.timers.clearTimeout(this.#askingAgain)
    }
  }

  #sender({ structs }: DecodedUpdate, isAnswer: boolean, received: number, arrival: Arrival | undefined): Sender {
    const { doc } = this.#room.document.live
    // Whom it announces; else whose structs it brings first, which may be of another that it met.
    const first = structs.find(({ id }) => id.clock + 1 > Y.getState(doc.store, id.client))
    this.#client ??= this.#room.clientsOf(this)[0] ?? first?.id.client ?? null
    if (this.#toldAll && received >= this.#joinedAt) this.#joining = undefined
    return { source: this.#source, client: this.#client, sight: this.#sight(received), isAnswer, arrival }
  }

  #sight(received: number): Sight {
    if (this.#joining === undefined) return { kind: 'live', seen: received }
    const told = this.#client === null ? null : this.#room.document.toldBefore(this.#client)
    return { kind: 'joining', ...this.#joining, told, since: this.#joinedAt }
  }

  /** The newest step that the peer has, as far as that is known. */
  get #received(): number {
    return this.#edits || this.#joining !== undefined ? this.#seen : this.#sent
  }

  /** From now on it is watched what has been received; what was sent before counts as such. */
  #becomesEditor(): void {
    if (this.#edits || this.#state === 'closed') return
    this.#edits = true
    if (this.#joining === undefined) this.#seen = this.#sent
    this.#confirm()
  }

  /** Asks to be told when what was sent so far has been received, unless that is under way. */
  #confirm(): void {
    const received = this.#awaitReceipt()
    if (received !== undefined) this.#port.whenReceived(received)
  }

  /** What to do when all that was sent so far has been received; undefined: it need not be told now. */
  #awaitReceipt(): (() => void) | undefined {
    if (!this.#edits || this.#confirming || this.#seen >= this.#sent) return undefined
    this.#confirming = true
    const through = this.#sent
    return () => {
      this.#confirming = false
      this.#seen = through
      this.#confirm()
    }
  }

  #owe(): void {
    if (this.#owes) return
    this.#owes = true
    this.#askLater()
  }

  /** What do you have that we lack? Once a state, until it is answered. */
  #ask(): void {
    const stateVector = Y.encodeStateVector(this.#room.document.live.doc)
    if (this.#asked !== undefined && Buffer.compare(this.#asked, stateVector) === 0) return
    this.#askWith(stateVector)
    if (this.#owes) this.#askLater()
  }

  #askLater(): void {
    if (this.#state === 'closed') return
    const { timers } = this.#room
    timers.clearTimeout(this.#askingAgain)
    this.#askingAgain = timers.setTimeout(() => {
      this.#askAgain()
    }, ASK_AGAIN)
  }

  /** The same question too: it, or its answer, may have been lost. Who was not answered yet will be asked with that. */
  #askAgain(): void {
    if (this.#owes && this.#answered) this.#askWith(Y.encodeStateVector(this.#room.document.live.doc))
  }

  #askWith(stateVector: Uint8Array): void {
    if (this.#state === 'closed') return // what it sent before came in all the same
    this.#asked = stateVector
    this.#port.send(step1Frame(stateVector))
  }

  #showAwareness(): void {
    // Who is behind gets it when it has caught up.
    if (this.#answered && this.#behind === undefined) this.#port.send(this.#room.awarenessFrame())
  }

  #hand(all: Batch): void {
    if (this.#state === 'closed') return
    const batch = all.after(this.#answeredTurn)
    if (batch.frames.length === 0) return
    this.#sent = Math.max(this.#sent, batch.through)
    this.#port.deliver(batch, this.#awaitReceipt())
  }
}

function decodeStateVector(encoded: Uint8Array): Map<number, number> {
  try {
    return Y.decodeStateVector(encoded)
  } catch (cause) {
    throw new EnsembleError('E_BAD_FRAME', 'This is no state vector.', { cause })
  }
}

/**
 * Whether a peer that never saw the epoch's struct is of this history all the same: it wrote some of it itself, and its
 * line broke before it heard back. Client ids are of one document and never used again.
 */
function sharesHistory(stateVector: ReadonlyMap<number, number>, doc: Y.Doc): boolean {
  return [...stateVector.keys()].some((client) => Y.getState(doc.store, client) > 0)
}
