/**
 * A file's live document: a Yjs document over the stock y-websocket provider, and in what state the two are.
 *
 *   opening ──synced──▸ live ◂──▸ broken        any ──the server refuses──▸ refused
 */
import { signal, type ReadonlySignal } from '@preact/signals'
import { clone } from 'lib0/decoding'
import { createEncoder, toUint8Array, writeVarUint } from 'lib0/encoding'
import { writeSyncStep1 } from 'y-protocols/sync'
import { messageSync, WebsocketProvider } from 'y-websocket'
import { Doc, type Text } from 'yjs'
import { CONTENT_ROOT, formatDocumentName } from '../../protocol/document.js'
import type { Edits } from '../../protocol/text/edits.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { Unsent } from '../model/drafts.js'
import { Confirmed } from './confirmed.js'

export type LiveState =
  | { readonly kind: 'opening' }
  | { readonly kind: 'live' }
  /** It comes back by itself; what was typed before is kept and sent then, or by the document that follows this one. */
  | { readonly kind: 'broken' }
  /** For good. `code` as in protocol/errors.ts: 4000 plus an HTTP status, or one of our own. */
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string }

export interface LiveDocumentOptions {
  /** `ws://host:port` of the server. */
  readonly server: string
  readonly path: WorkspacePath
  readonly token: string
  /** Who types here. */
  readonly author: string
}

export class LiveDocument {
  readonly text: Text
  readonly provider: WebsocketProvider
  readonly #doc = new Doc()
  readonly #confirmed = new Confirmed()
  readonly #state = signal<LiveState>({ kind: 'opening' })
  #synced = false

  constructor({ server, path, token, author }: LiveDocumentOptions) {
    this.text = this.#doc.getText(CONTENT_ROOT)
    this.provider = new WebsocketProvider(`${server}/sync`, formatDocumentName({ kind: 'file', path }), this.#doc, {
      params: { token, agent: author },
      // Two tabs of one browser would otherwise agree with each other while the server knows nothing of it.
      disableBc: true,
    })
    this.#overhear()
    this.provider.on('sync', (synced: boolean) => {
      if (!synced) return
      if (this.#synced) this.#askForAll()
      this.#synced = true
      this.#state.value = { kind: 'live' }
    })
    this.provider.on('status', ({ status }: { readonly status: string }) => {
      if (status !== 'connected' && this.#state.value.kind === 'live') this.#state.value = { kind: 'broken' }
    })
    this.provider.on('closed', ({ code, reason }: { readonly code: number; readonly reason: string }) => {
      this.#state.value = { kind: 'refused', code, reason }
    })
  }

  get state(): ReadonlySignal<LiveState> {
    return this.#state
  }

  /** What was typed here and the server has not confirmed; null: nothing. */
  unsent(): Unsent | null {
    const base = this.#confirmed.text
    const mine = this.text.toJSON()
    return this.#synced && base !== mine ? { base, mine } : null
  }

  apply(edits: Edits): void {
    this.#doc.transact(() => {
      for (const { at, removed, added } of edits.toReversed()) {
        this.text.delete(at, removed.length)
        this.text.insert(at, added)
      }
    })
  }

  close(): void {
    this.provider.destroy()
    this.#doc.destroy()
    this.#confirmed.close()
  }

  /** What the provider takes of the server, `#confirmed` takes before. */
  #overhear(): void {
    const { messageHandlers } = this.provider
    const take = messageHandlers[messageSync]
    if (take === undefined) return
    messageHandlers[messageSync] = (encoder, decoder, ...rest) => {
      this.#confirmed.receive(clone(decoder))
      take(encoder, decoder, ...rest)
    }
  }

  #askForAll(): void {
    const encoder = createEncoder()
    writeVarUint(encoder, messageSync)
    writeSyncStep1(encoder, new Doc())
    this.#confirmed.beginAnew()
    this.provider.ws?.send(toUint8Array(encoder))
  }
}
