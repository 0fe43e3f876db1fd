/** What a page that uses the SDK has: bundled by client.browser.test.ts, for a browser, and put into the page. */
import { openBrowserSocket } from '../../../client/sdk/browser-socket.js'
import { EnsembleClient } from '../../../client/sdk/client.js'
import { openIndexedDbStore } from '../../../client/sdk/indexed-db-store.js'
import { openMemoryStore, type ClientStore } from '../../../client/sdk/store.js'

const provided = {
  openStore: openIndexedDbStore,
  open: (agentId: string, token: string, store: ClientStore = openMemoryStore()) =>
    new EnsembleClient(agentId, agentId.split('-')[0] ?? '', {
      token,
      store,
      openSocket: openBrowserSocket,
    }),
}
export type Provided = typeof provided
Object.assign(globalThis, { ensemble: provided })
