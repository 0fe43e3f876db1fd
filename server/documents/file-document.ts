/**
 * One file as a live document: its text, its head and its revisions, moving together.
 *
 * 1. Each committed turn that changes the text or the form is one revision: update, head, journal entry and event are
 *    one commit (rule SYNC-14).
 * 2. The first struct of the document is its epoch client's (rule DOC-4). A document whose path never held a file has no
 *    epoch yet: what the first peer brings becomes the file.
 * 3. Where it is loaded and differs from its head, that is told, and the head follows the document (rule SYNC-2).
 */
import * as Y from 'yjs'
import { EPOCH_ROOT } from '../../protocol/document.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { FileHead } from '../../protocol/files.js'
import type { Author, FileId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { ChangeType, RevisionEntry } from '../../protocol/revisions.js'
import { diff } from '../../protocol/text/diff.js'
import type { Edits } from '../../protocol/text/edits.js'
import { EnsembleError } from '../../protocol/errors.js'
import { MAX_TEXT_BYTES, PLAIN_FORMAT } from '../../protocol/text/encoding.js'
import type { Row } from '../storage/storage.js'
import type { Arrival } from '../trace/traces.js'
import { bytesOf, hashOf } from './content.js'
import { questionOf, type Met, type Stood } from './decide-update.js'
import type { Decision } from './decide-write.js'
import { isApart } from './apart.js'
import { divergenceOf } from './divergence.js'
import { fencedLive, keptOut } from './fenced-write.js'
import type { FileDocumentOptions } from './file-document-options.js'
import { back, originRow, textRow, travel } from './file-journal.js'
import { deletedIn, type DecodedUpdate } from './id-ranges.js'
import { LiveDocument, type TurnLedger } from './live-document.js'
import { LiveText } from './live-text.js'
import { peerTexts, sharedDeletions } from './peer-texts.js'
import { changesForm, type Rewrite } from './rewrite.js'
import { placesIn, type Places } from './places.js'
import { lackingOf, unseenBy, type Sender } from './sight.js'
import { Steps, type Step, type StepWriter } from './steps.js'
import { ToldPeers } from './told-peers.js'
import { decide } from './write-decider.js'

/** What one turn makes a revision of. */
interface Gathered {
  readonly edits: Edits
  readonly rewrite: Rewrite | undefined
  readonly met: Met | null
  readonly arrivals: readonly Arrival[]
}

/** Of an update that deletes what others have deleted. */
const NOTHING = { inserted: [], deleted: [] }
const SOMEONE: StepWriter = { source: null, client: null }
/** The text is stored whole once in so many revisions, so that nobody has to replay more of the journal. */
const TEXT_EVERY = 200

export class FileDocument {
  readonly id: FileId
  readonly live: LiveDocument
  readonly told = new ToldPeers()
  #path: WorkspacePath
  readonly #moved = new Set<(path: WorkspacePath) => void>()
  readonly #options: FileDocumentOptions
  readonly #content: LiveText
  /**
   * Entries that may not have reached storage yet, in their order without a gap. No Map: V8 links each table that one outgrows to
   * the next, so that as soon as one has gone to the old generation all later ones do, with what stood in them.
   */
  readonly #recent: RevisionEntry[] = []
  #head: FileHead | null
  #epoch: number | null
  #rewrite: Rewrite | undefined
  readonly #steps: Steps
  readonly #server: StepWriter
  #writer: StepWriter
  /** What the last transaction did. */
  #step: Step | undefined
  #met: Met | null = null
  /** From what its head says, until that follows. */
  #differs = false
  /** What came in and is part of the turn that gathers. */
  #arrivals: Arrival[] = []
  /** Revisions since the text was last stored whole, as far as this object knows. */
  #sinceText = 0

  constructor(options: FileDocumentOptions) {
    this.#options = options
    this.id = options.id
    this.#path = options.path
    this.#head = options.head
    this.#epoch = options.epoch
    this.#steps = new Steps(options.live.storage, options.id)
    this.#server = { source: null, client: options.live.serverClient }
    this.#writer = this.#server
    this.live = new LiveDocument({
      ...options.live,
      id: options.id,
      ledger: (author) => this.#ledger(author),
    })
    this.#content = new LiveText(this.live, options.live.defer)
    const { head, id, journal } = options
    if (head !== null && !this.live.existed) this.#seed(journal.text(id, head.rev) ?? '') // '': its content is bytes
    this.#content.follow()
    this.live.doc.on('afterTransaction', (transaction) => {
      // One that did nothing may follow a change of the text: Yjs clears formats away in one of its own.
      this.#step = this.#steps.note(transaction, this.#content.shared, this.#head?.rev ?? 0, this.#writer) ?? this.#step
    })
    if (head !== null && this.live.existed) this.#compare(head)
  }

  /** Another one after a rename. */
  get path(): WorkspacePath {
    return this.#path
  }

  /** The listener runs in the very step in which the path becomes another one. */
  onMoved(listener: (path: WorkspacePath) => void): () => void {
    this.#moved.add(listener)
    return () => this.#moved.delete(listener)
  }

  get head(): FileHead | null {
    return this.#head
  }

  /** Client id of the first struct; null while there is no such file. */
  get epoch(): number | null {
    return this.#epoch
  }

  get former(): number | null {
    return this.#options.former ?? null
  }

  get text(): string {
    return this.#content.text
  }

  /** Of the text as it is when it is asked. */
  get places(): Places {
    return placesIn(this.live.doc, this.#content.shared, this.text)
  }

  /** The text of an earlier revision; undefined where it is not known. */
  textAt(rev: number): string | undefined {
    return travel(
      this.#content.before,
      back(this.#head?.rev ?? 0, rev, (at) => this.entry(at)?.edits),
    )
  }

  /** Number of the newest step (rule SYNC-16). */
  get steps(): number {
    return this.#steps.last
  }

  entry(rev: number): RevisionEntry | undefined {
    const first = this.#recent[0]?.rev ?? Infinity
    return (rev >= first ? this.#recent[rev - first] : undefined) ?? this.#options.journal.entry(this.id, rev)
  }

  /**
   * Takes a live peer's update; only while `live` is not held. Returns whether all of it went in. Where it overlaps with
   * what the peer did not know, the text is corrected in the same turn, and what is held is in a record of the same commit;
   * until a large one is decided, `live` is held.
   * @param sender default: someone who had seen everything
   * @param decoded the update, where that is at hand
   * @throws EnsembleError E_TOO_LARGE, and what LiveDocument.apply throws
   */
  apply(update: Uint8Array, author: Author, sender?: Sender, decoded?: DecodedUpdate): boolean {
    const size = Math.max(this.#head?.size ?? 0, this.#content.length)
    if (size + update.length > MAX_TEXT_BYTES) {
      throw new EnsembleError('E_TOO_LARGE', `${this.path} would grow over ${MAX_TEXT_BYTES} bytes of text.`)
    }
    if (sender !== undefined) this.#assertHears(sender)
    // Regions stand in the text of the head: what gathered before is a head of its own.
    if (this.live.gathered && this.#options.fence.regions(this.#path).length > 0)
      void this.live.seal().catch(() => undefined)
    const lacking = sender?.sight.kind === 'joining' ? lackingOf(sender.sight.stateVector, this.live.doc) : 0
    this.#step = undefined
    const complete = this.#applyBy(sender ?? SOMEONE, update, author)
    const step = this.#step
    if (sender?.arrival !== undefined && this.live.gathered) this.#arrivals.push(sender.arrival)
    if (this.#content.isForeign) this.#content.expelForeign(author)
    const isMet =
      sender !== undefined && this.#meet(author, sender, step ?? NOTHING, decoded ?? Y.decodeUpdate(update), lacking)
    if (!isMet) this.#keepOut(author)
    if (this.#epoch === null && this.live.gathered) this.#markEpoch(author)
    return complete
  }

  /** What else is behind a peer that hears nothing costs more with each of its updates; coming anew costs it once. */
  #assertHears(sender: Sender): void {
    const { sight, isAnswer } = sender
    if (sight.kind === 'joining') {
      if (isAnswer || this.#steps.isRecent(sight.since)) return
    } else if (this.#steps.remembers(sight.seen) || !this.#steps.hasOthers(sight.seen, sender)) return
    throw new EnsembleError('E_SLOW_READER', 'The connection has not confirmed what it was sent for too long.', {
      hint: 'Connect again, and answer the pings of the server.',
    })
  }

  #applyBy(writer: StepWriter, update: Uint8Array, author: Author): boolean {
    this.#writer = writer
    try {
      return this.live.apply(update, author)
    } finally {
      this.#writer = this.#server
    }
  }

  /** Applies a decided write as one revision; nothing else has gathered, and `live` is held while that takes. Resolves when durable. */
  rewrite(author: Author, rewrite: Rewrite): Promise<void> {
    if (this.#epoch === null) this.#markEpoch(author)
    return this.#content.change(author, rewrite.edits, () => {
      this.#rewrite = rewrite
      return this.live.seal()
    })
  }

  /** Rows that let the next opening begin at once. */
  unloadingRows(): Row[] {
    if (this.#head === null) return []
    const text = this.#sinceText === 0 ? [] : [textRow(this.id, this.#head.rev, this.text)]
    return [...text, ...this.live.compactionRows()]
  }

  #revises(rewrite: Rewrite | undefined): boolean {
    const head = this.#head
    if (head === null || this.#differs || this.#content.edits.length > 0) return true
    if (rewrite === undefined) return false
    return changesForm(rewrite, head)
  }

  #move(path: WorkspacePath): void {
    this.#path = path
    for (const listener of [...this.#moved]) listener(path)
  }

  /** Written once in a document's life, before anybody has seen it. */
  #seed(text: string): void {
    const epoch = this.#options.newClient()
    this.#epoch = epoch
    this.#asEpochClient(epoch, () => {
      this.live.transact('DISK', () => {
        this.live.doc.getMap(EPOCH_ROOT).set('client', epoch)
        if (text !== '') this.#content.shared.insert(0, text)
      })
    })
    if (this.#head === null) return
    void this.live.seal([this.#options.ledger.markEpoch(this.#head, epoch)]).catch(() => undefined)
  }

  /** With a deleted file only told: a document does not say whether its file is there. */
  #compare(head: FileHead): void {
    const found = divergenceOf(head, this.text)
    if (found === undefined) return
    this.#options.onDivergence(found)
    if (head.deleted) return
    this.#differs = true
    this.#content.begin(this.#options.journal.text(this.id, head.rev) ?? '') // '': what it was is not known
    void this.live.seal().catch(() => undefined) // its users are told
  }

  #markEpoch(author: Author): void {
    const epoch = this.#options.newClient()
    this.#epoch = epoch
    this.#asEpochClient(epoch, () => {
      this.live.transact(author, (doc) => doc.getMap(EPOCH_ROOT).set('client', epoch))
    })
  }

  #asEpochClient(epoch: number, write: () => void): void {
    const { doc } = this.live
    doc.clientID = epoch
    write()
    doc.clientID = this.#options.live.serverClient
  }

  /**
   * An update may have met what its peer did not know: then it counts as a text that was written upon another (CONFLICT-14).
   * Returns whether that is so.
   */
  #meet(
    author: Author,
    sender: Sender,
    step: Pick<Step, 'inserted' | 'deleted'>,
    update: DecodedUpdate,
    lacking: number,
  ): boolean {
    const { fence, mergeRules, decideAside } = this.#options
    const head = this.#head
    if (sender.sight.kind === 'live') {
      const { seen } = sender.sight
      if (!this.#steps.hasOthers(seen, sender)) return false
      const isDeleting = update.ds.clients.size > 0
      if (
        head?.deleted === false &&
        isApart(this.#content.shared, this.#steps.since(seen, sender.source), step, isDeleting)
      )
        return false
    }
    const deleted = deletedIn(update)
    const unseen = unseenBy(sender, this.#steps, deleted, lacking)
    const [first] = unseen.steps
    if (head === null || first === undefined) return false
    this.#steps.noteShared(sharedDeletions(unseen, deleted), head.rev, sender)
    const texts = peerTexts(this.#content.shared, unseen, step, deleted)
    const met = { head, stood: head.deleted ? this.#deletedVersion(head) : { ...head, text: texts.ours } }
    const isBulk = sender.isAnswer && sender.sight.kind === 'joining'
    const question = questionOf(met, texts, isBulk, mergeRules(head.path), this.text)
    if (question === undefined) return false
    const correct = (decision: Decision): void => {
      const open = fencedLive(fence, head, texts.ours, decision, author)
      this.#correct(author, { decision: open, baseRev: first.before, incumbent: head.author })
    }
    const decision = decide(question, decideAside)
    if (decision instanceof Promise)
      this.live.hold(decision, correct).catch(() => undefined) // its users are told
    else correct(decision)
    return true
  }

  /** Takes back, in the same turn, what locks keep this turn's author from (rule LOCK-13). */
  #keepOut(author: Author): void {
    const met = keptOut(this.#options.fence, this.#path, this.#head, this.#content, author)
    if (met === null) return
    if (this.#epoch === null) this.#markEpoch(author)
    this.#correct(author, met)
  }

  /** The text becomes what was decided, and that is the end of this turn. */
  #correct(author: Author, met: Met): void {
    const { result, change } = met.decision
    const { content } = result
    if (content.kind !== 'text') throw new Error('a merge of texts is a text')
    const sealing = this.#content.change(author, change ?? diff(this.text, content.text), () => {
      this.#met = met
      return this.live.seal() // the places of what is held are those of this text
    })
    sealing.catch(() => undefined) // its users are told
  }

  /** What was deleted; undefined: it was bytes. */
  #deletedVersion({ rev }: FileHead): Stood | undefined {
    const entry = this.entry(rev - 1)
    const text = this.textAt(rev - 1)
    return entry === undefined || text === undefined ? undefined : { ...entry, text }
  }

  #ledger(author: Author): TurnLedger {
    const rewrite = this.#rewrite
    const edits = this.#content.edits
    const revised = this.#revises(rewrite)
    const met = this.#met
    this.#rewrite = undefined
    this.#content.begin()
    this.#differs = false
    this.#met = null
    const arrivals = this.#arrivals
    this.#arrivals = []
    const rows: Row[] = []
    const events: WorkspaceEvent[] = []
    const head = revised ? this.#revise(author, { edits, rewrite, met, arrivals }, rows, events) : this.#head
    if (head === null) throw new Error('a turn of a new document makes its first revision')
    const isLive = rewrite === undefined && (revised || met !== null) // all of it may be held: then nothing changed
    const attached = isLive ? this.#options.attachLive(head, author, this.places, met) : rewrite?.attach(head)
    if (rewrite !== undefined || this.#sinceText >= TEXT_EVERY) {
      rows.push(textRow(this.id, head.rev, this.text))
      this.#sinceText = 0
    }
    const through = this.#steps.last
    rows.push(...this.#steps.seal())
    if (attached !== undefined) {
      rows.push(...attached.rows)
      events.push(...attached.events)
    }
    const conflicts = attached?.conflicts ?? []
    return {
      rows,
      through,
      committed: () => {
        this.#steps.committed(through)
        if (revised) this.#recent.shift() // turns become durable in their order
        if (events.length === 0) return
        this.#options.ledger.publish({ head, edits: revised ? edits : null, revised, conflicts, events })
      },
    }
  }

  #revise(
    author: Author,
    { edits, rewrite, met, arrivals }: Gathered,
    rows: Row[],
    events: WorkspaceEvent[],
  ): FileHead {
    this.#sinceText++
    const before = this.#head
    const { bom, eol } = rewrite?.format ?? before ?? PLAIN_FORMAT
    const soft = rewrite?.soft ?? met?.decision.soft
    const deleted = rewrite?.deleted ?? met?.decision.gone ?? false
    const bytes = bytesOf({ kind: 'text', text: this.text, bom, eol })
    const isMade = before === null || before.deleted
    const path = rewrite?.path ?? (isMade ? this.#options.placeFor(this.#path, this.id, author) : before.path)
    const isRenamed = before !== null && path !== before.path
    const change: ChangeType = deleted ? 'deleted' : isMade ? 'created' : isRenamed ? 'renamed' : 'modified'
    const revision = this.#options.ledger.revise(
      {
        id: this.id,
        path,
        rev: (before?.rev ?? 0) + 1,
        kind: 'text',
        executable: rewrite?.executable ?? before?.executable ?? false,
        bom,
        eol,
        deleted,
        hash: hashOf(bytes),
        size: bytes.length,
        author,
      },
      {
        change,
        edits: before?.kind === 'binary' ? null : edits,
        text: this.text,
        writeId: rewrite?.writeId ?? null,
        epoch: this.#epoch,
        soft,
        arrivals,
        through: this.#steps.last,
      },
    )
    this.#head = revision.head
    if (path !== this.#path) this.#move(path)
    this.#recent.push(revision.entry)
    rows.push(...revision.rows)
    if (before?.kind === 'binary') rows.push(originRow(this.id, revision.head.rev, this.text))
    events.push(revision.event)
    return revision.head
  }
}
