/**
 * A file's live document: a Yjs document over the stock y-websocket provider, and in what state the two are.
 *
 *   opening ──synced──▸ live ◂──▸ broken        any ──the server refuses──▸ refused
 */
import { signal, type ReadonlySignal } from '@preact/signals'
import { WebsocketProvider } from 'y-websocket'
import { Doc, type Text } from 'yjs'
import { CONTENT_ROOT, formatDocumentName } from '../../protocol/document.js'
import type { WorkspacePath } from '../../protocol/paths.js'

export type LiveState =
  | { readonly kind: 'opening' }
  | { readonly kind: 'live' }
  /** It comes back by itself; what was typed before is kept and sent then. */
  | { readonly kind: 'broken' }
  /** For good. `code` as in protocol/errors.ts: 4000 plus an HTTP status, or one of our own. */
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string }

export interface LiveDocumentOptions {
  /** `ws://host:port` of the server. */
  readonly server: string
  readonly path: WorkspacePath
  readonly token: string
}

export class LiveDocument {
  readonly text: Text
  readonly provider: WebsocketProvider
  readonly #doc = new Doc()
  readonly #state = signal<LiveState>({ kind: 'opening' })

  constructor({ server, path, token }: LiveDocumentOptions) {
    this.text = this.#doc.getText(CONTENT_ROOT)
    this.provider = new WebsocketProvider(`${server}/sync`, formatDocumentName({ kind: 'file', path }), this.#doc, {
      params: { token },
      // Two tabs of one browser would otherwise agree with each other while the server knows nothing of it.
      disableBc: true,
    })
    this.provider.on('sync', (synced: boolean) => {
      if (synced) this.#state.value = { kind: 'live' }
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

  close(): void {
    this.provider.destroy()
    this.#doc.destroy()
  }
}
