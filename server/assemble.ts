/**
 * Puts the rooms together: the only file of the server that knows them all. Nothing is decided here.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { networkInterfaces } from 'node:os'
import { basename } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../protocol/config.js'
import { EnsembleError } from '../protocol/errors.js'
import type { FolderStatus } from '../protocol/folder.js'
import { workspaceId as workspaceIdSchema, type AgentId, type WorkspaceId } from '../protocol/ids.js'
import type { Result } from '../protocol/messages.js'
import { workspacePath } from '../protocol/paths.js'
import type { Status } from '../protocol/status.js'
import { PROTOCOL_VERSION } from '../protocol/version.js'
import { allowedHosts, type Gate } from './auth/authenticate.js'
import { Links } from './auth/links.js'
import { TokenRates } from './auth/rates.js'
import { REAL_TIMERS, defer, monotonic } from './real-time.js'
import { newClient, newConflictId, newId, newSecret } from './chance.js'
import { ContextService } from './context/context-service.js'
import { workingState } from './context/working-state.js'
import type { Decision } from './documents/decide-write.js'
import type { ClosedRegion } from './documents/fence.js'
import { FileStore } from './documents/file-store.js'
import { FreeDocuments } from './documents/free-documents.js'
import type { FileCommit } from './documents/ledger.js'
import { lostOf, type Lost } from './documents/lost.js'
import { mergeRules } from './documents/merge-policy.js'
import { isLarge, type Question } from './documents/write-decider.js'
import { EventBus } from './events/event-bus.js'
import { EventLog } from './events/event-log.js'
import { EventService } from './events/event-service.js'
import { EventStream } from './events/event-stream.js'
import { InboxService } from './events/inbox-service.js'
import { MessageTable } from './events/message-table.js'
import { createApp } from './http/app.js'
import { Metrics } from './http/metrics.js'
import { OpenRequests } from './http/open-requests.js'
import { FileJournal } from './documents/file-journal.js'
import { LocksFile, type LocksFilePlace } from './locks/locks-file-service.js'
import { LockService } from './locks/lock-service.js'
import { HistoryService } from './journal/history-service.js'
import { RevertService } from './journal/revert-service.js'
import { logError } from './log.js'
import { PresenceService } from './presence/presence-service.js'
import { SideThread } from './side-thread.js'
import { CommitQueue, withDeadline, type Timers } from './storage/commit-queue.js'
import type { Storage } from './storage/storage.js'
import { nearPaths } from './symbols/near-names.js'
import { parseSymbols, type SymbolsQuestion, type SymbolTable } from './symbols/parse.js'
import { SymbolService } from './symbols/symbol-service.js'
import { Control } from './sync/control.js'
import { Feeds } from './sync/feeds.js'
import { FolderLine } from './sync/folder-line.js'
import { Rooms } from './sync/rooms.js'
import { identify } from './sync/identify.js'
import { Sockets } from './sync/sockets.js'
import { Told } from './sync/told.js'
import { Traces } from './trace/traces.js'
import { TaskService } from './tasks/task-service.js'

export interface AssembleOptions {
  readonly storage: Storage
  readonly config: Config
  readonly log: Logger
  readonly version: string
  /** Absolute path of the served folder. */
  readonly workspace: string
  readonly host: string
  readonly token: string
  readonly dashboardDir: string
  /** Script of the thread that merges large texts (documents/merge-thread.js); without it the event loop does. */
  readonly mergeThread?: URL
  /** Without it no `_locks.json` is kept. */
  readonly locksFile?: LocksFilePlace
  /** Script of the thread that reads the symbols of code (symbols/symbols-thread.js); without it the event loop does. */
  readonly symbolsThread?: URL
  /** Milliseconds since 1970; default Date.now. For time stamps alone: it may be set at any moment. */
  readonly now?: () => number
  /** Milliseconds from any start, never backwards, for durations; default performance.now. */
  readonly elapsed?: () => number
  readonly timers?: Timers
  readonly random?: () => number
}

export interface Ensemble {
  readonly server: Server
  readonly workspaceId: WorkspaceId
  /** For the bridge of the served folder. */
  readonly folder: FolderLine
  /** For one-time links to the dashboard. */
  readonly links: Links
  status(): Status
  /** The served folder has been read: stock providers may come in. `folder` tells how it is from now on. */
  ready(folder?: () => FolderStatus): void
  /** Ends connections, stores what waits (at most `deadline` milliseconds); tells what could not be stored. */
  close(deadline: number): Promise<Lost>
}

/** So long may the last answers take to leave when the server stops. In milliseconds. */
const LAST_ANSWERS = 500

export async function assemble(options: AssembleOptions): Promise<Ensemble> {
  const { storage, config, log, version, workspace } = options
  const { now = Date.now, elapsed = monotonic, timers = REAL_TIMERS, random = Math.random } = options
  const onError = (error: EnsembleError): void => {
    metrics.refused(error.code)
    logError(log, error)
  }
  const onListenerError = (error: unknown): void => {
    log.error({ err: error }, 'A listener failed; the others went on.')
  }

  const metrics = new Metrics({
    files: () => files.count,
    documents: () => files.documentStates,
    rooms: () => rooms.size,
    connections: () => connections(),
    conflicts: () => files.conflictCount,
    outbound: (): Sockets['outbound'] => sockets.outbound,
    queue: () => queue,
  })
  const logsSteps = log.isLevelEnabled('debug')
  const traces = new Traces({
    ...{ now, elapsed },
    tell: logsSteps
      ? (step, facts) => {
          log.debug(facts, step)
        }
      : undefined,
  })
  const queue = new CommitQueue({
    storage,
    elapsed,
    timers,
    random,
    // Bounded at the doors (write-door, live-document): what they let in has changed heads already, and is always taken.
    maxPendingBytes: Infinity,
    maxPendingRows: Infinity,
    onCommit: (measure) => {
      metrics.committed(measure)
      traces.committed(measure)
    },
  })
  queue.onState((state) => {
    if (state === 'ok') log.info('Storage accepts writes again.')
    else logError(log, state.degraded)
  })
  const workspaceId = await workspaceIdOf(storage, queue)
  const events = new EventLog(storage, now)
  const commits = new EventBus<FileCommit>(onListenerError)
  const eventBus = new EventStream(events, onListenerError)
  const told = new Told()
  commits.subscribe(({ head, revised }) => {
    if (revised) traces.stored(head)
  })
  const merges =
    options.mergeThread === undefined
      ? undefined
      : new SideThread<Question, Decision>({ script: options.mergeThread, task: 'merges large texts', timers })
  const files = new FileStore({
    storage,
    queue,
    events,
    bus: commits,
    now,
    newId,
    newConflictId,
    isTold: (author, id) => told.has(author, id),
    newClient,
    maxDocumentBytes: config.limits.documentBytes,
    defer,
    traces,
    mergeRules: mergeRules(config.merge),
    fence: {
      follow: (head, left, edits) => {
        locks.follow(head, left, edits)
      },
      regions: (path): readonly ClosedRegion[] => (config.locks.enforcement === 'on' ? locks.closedRegions(path) : []),
      holderOf: (token): AgentId | null => locks.holderOf(token),
    },
    onDivergence: (found) => {
      metrics.diverged()
      log.error(found, 'A document differs from the head of its file.')
    },
    decideAside:
      merges === undefined ? undefined : (question) => (isLarge(question) ? merges.ask(question) : undefined),
  })
  const history = new HistoryService({ files, storage, queue, now, defer })
  const reverts = new RevertService({ files, history, events, now, defer })
  const free = new FreeDocuments({
    storage,
    queue,
    serverClient: newClient(),
    maxBytes: config.limits.documentBytes,
    defer,
  })
  const presence = new PresenceService({
    ...{ storage, queue, events, eventBus, now, timers },
    types: config.agentTypes,
    newSecret,
    onError: onListenerError,
  })
  const journal = new FileJournal(storage)
  const parsing =
    options.symbolsThread === undefined
      ? undefined
      : new SideThread<SymbolsQuestion, SymbolTable>({ script: options.symbolsThread, task: 'reads symbols', timers })
  const symbols = new SymbolService({
    parse: (question) => parsing?.ask(question) ?? parseSymbols(question, elapsed),
    onError: onListenerError,
  })
  const locks = new LockService({
    ...{ storage, queue, events, eventBus, now, elapsed, timers, onError: onListenerError },
    grace: config.locks.graceSeconds * 1000,
    isConnected: (id) => presence.agents().some(({ agentId }) => agentId === id),
    head: (path) => files.head(path),
    entry: (id, rev) => journal.entry(id, rev),
    textOf: (path) => files.peekText(path),
    seal: (path) => {
      files.seal(path)
    },
    symbol: (file, name) => symbols.find(file, name),
    near: (path) => {
      const paths = [...files.heads()].flatMap((head) => (head.deleted ? [] : [head.path]))
      return nearPaths(path, paths).map((name) => workspacePath.parse(name))
    },
  })
  const locksFile =
    options.locksFile === undefined
      ? undefined
      : new LocksFile({ ...{ place: options.locksFile, locks, storage, queue, now, timers }, onFault: onError })
  await locksFile?.start()
  const tasks = new TaskService({
    ...{ storage, queue, events, eventBus, files, now, timers, newId, onError },
    types: config.agentTypes,
    onWaits: (waits) => {
      locks.setTaskWaits(waits)
    },
  })
  const context = new ContextService({
    ...{ free, queue, events, eventBus, now },
    rest: async () => {
      const [task] = (await tasks.list()).tasks
      return workingState(basename(workspace), task ?? null, presence.agents(), locks.list({}).locks)
    },
  })
  for (const { id } of files.openConflicts) told.opened(id)
  eventBus.subscribe((event) => {
    if (event.type === 'conflict:raised') told.opened(event.data.conflict_id)
    if (event.type === 'conflict:resolved') told.closed(event.data.conflict_id)
  })
  commits.subscribe(({ head, revised }) => {
    if (revised) presence.wrote(head.author, head.path)
    if (revised) tasks.follow(head)
  })

  let phase: 'starting' | 'ready' | 'stopping' = 'starting'
  let folderStatus: (() => FolderStatus) | undefined
  const startedAt = elapsed()
  const connections = (): { agents: number; observers: number; peers: number } => {
    const agents = presence.agents().length
    return { agents, observers: Math.max(0, sockets.sessions - agents), peers: sockets.peers }
  }
  const status = (): Status => {
    const degraded = queue.state === 'ok' ? undefined : queue.state.degraded
    return {
      version,
      protocol: PROTOCOL_VERSION,
      workspaceId,
      workspace,
      state: phase === 'ready' && degraded !== undefined ? 'degraded' : phase,
      reason: degraded?.message ?? null,
      seq: events.seq,
      uptimeSeconds: (elapsed() - startedAt) / 1000,
      files: files.count,
      documents: { open: files.openDocuments },
      connections: connections(),
      conflicts: { open: files.conflictCount },
      commitLatency: metrics.commitLatency(),
      memoryBytes: process.memoryUsage.rss(),
      agents: presence.agents(),
      taskFaults: tasks.faults.slice(0, 20),
      folder: folderStatus?.() ?? null,
    }
  }
  const links = new Links({ secret: options.token, now, elapsed, randomBytes })
  const gate: Gate = {
    token: options.token,
    accessOf: (token) => links.accessOf(token),
    hosts: allowedHosts(options.host, config.allowedHosts, interfaceAddresses()),
  }
  const rates = new TokenRates(config.limits.messagesPerSecondOfToken, elapsed)
  const closedFor = (): EnsembleError | undefined =>
    phase === 'stopping' ? new EnsembleError('E_STOPPING', 'The server is stopping.') : undefined
  const stopped = new AbortController()
  const recent = (since: number): Result<'recent'> => ({ events: events.recent(since), agents: presence.known() })
  const maxFileBytes = config.limits.fileBytes
  const messages = new MessageTable(storage)
  const sayings = {
    storage,
    queue,
    log: events,
    stream: eventBus,
    messages,
    rolesOf: (agentId: AgentId) => presence.rolesOf(agentId),
  }
  const eventService = new EventService({ ...sayings, now, defer })
  const inboxes = new InboxService({ ...sayings, elapsed, onError: onListenerError })
  const control = new Control({
    ...{
      files,
      queue,
      history,
      reverts,
      locks,
      tasks,
      context,
      inboxes,
      presence,
      maxFileBytes,
      status,
      recent,
      traces,
    },
    events: eventService,
    seq: () => events.seq,
  })
  const feeds = new Feeds({
    ...{ workspaceId, events, commits, eventBus, now, timers, defer },
    heads: () => files.heads(),
    agents: () => presence.agents(),
    onAgents: (listener) => presence.onChange(listener),
    onLocks: (listener) => locks.onChange(listener),
    onTold: (head, sessions) => {
      traces.told(head, sessions)
    },
    onError: onListenerError,
  })
  const folder = new FolderLine({ control, commits, workspaceId, seq: events.seq, defer, onError })
  // After the feeds: whoever has heard of an event has heard of its file's head.
  commits.subscribe((commit) => {
    for (const event of commit.events) eventBus.publish(event)
  })
  const rooms = new Rooms({
    ...{ files, free, defer, elapsed, timers, traces },
    onResync: () => {
      metrics.resynced()
    },
    onGroundless: () => {
      metrics.groundless()
    },
    locks: { list: (query) => locks.list(query), onChange: (listener) => locks.onChange(listener), newClient },
  })
  const server = createServer(
    createApp({
      ...{
        gate,
        rates,
        closedFor,
        stopped: stopped.signal,
        files,
        history,
        reverts,
        locks,
        tasks,
        context,
        presence,
        inboxes,
        timers,
        status,
        metrics,
        version,
        links,
        newId,
        traces,
        onError,
      },
      events: eventService,
      agentTypes: config.agentTypes,
      maxBytes: config.limits.fileBytes,
      tree: () => control.handle('tree', {}, { author: 'PEER', origin: { via: 'http', socket: null } }),
      dashboardDir: options.dashboardDir,
    }),
  )
  const requests = new OpenRequests(server)
  const sockets = new Sockets({
    ...{ server, gate, rates, closedFor, rooms, control, feeds, told, elapsed, timers, traces, onError },
    identify: (hello, replaced) => identify(presence, hello, replaced),
    wants: (filter, hearer) => eventService.wants(filter, hearer),
    agentTypes: config.agentTypes,
    limits: config.limits,
    maxMessageBytes: config.limits.messageBytes,
    maxDocuments: config.limits.documentsPerSocket,
    welcome: { server: version, workspaceId, workspace: basename(workspace) },
    starting: () => phase === 'starting',
  })

  return {
    server,
    workspaceId,
    folder,
    links,
    status,
    ready: (tellsStatus) => {
      folderStatus = tellsStatus
      if (phase !== 'starting') return
      phase = 'ready'
      tasks.start()
    },
    close: async (deadline) => {
      phase = 'stopping'
      // Silent before the sockets go: the end of a server is no farewell of its agents.
      feeds.close()
      presence.close()
      folder.close()
      locks.close()
      sockets.close(
        new EnsembleError('E_STOPPING', 'The server is stopping.', { hint: 'It connects again by itself.' }),
      )
      server.close()
      stopped.abort()
      await tasks.close()
      await locksFile?.close()
      await merges?.close()
      await parsing?.close()
      await withDeadline(Promise.all([files.close(), free.close()]), deadline / 2, timers)
      const report = await queue.close({ deadline: deadline / 2 })
      // Whoever waits for an answer has heard by now what became of it; who does not read it is not waited for.
      await withDeadline(requests.answered(), LAST_ANSWERS, timers)
      server.closeAllConnections()
      return lostOf(report, files.heads())
    },
  }
}

async function workspaceIdOf(storage: Storage, queue: CommitQueue): Promise<WorkspaceId> {
  const stored = storage.get(['meta', 'workspaceId'])
  if (stored !== undefined) return workspaceIdSchema.parse(stored)
  const made = workspaceIdSchema.parse(newId())
  await queue.enqueue([{ put: ['meta', 'workspaceId'], value: made }])
  return made
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map(({ address }) => address) ?? [])
}
