/**
 * Who may import whom: each row of a table may import the rows above it, never a neighbour in its own row.
 * test/architecture.test.ts proves, on wrong sources made for it, that these rules refuse what they should.
 */

/** Rooms of server/, lowest first. A room is a folder or a single file of that name. */
const SERVER = [
  ['storage', 'log', 'version', 'chance'],
  ['events', 'auth', 'side-thread', 'trace', 'real-time'],
  ['documents', 'locks', 'presence'],
  ['journal', 'conflicts', 'tasks', 'context', 'partitions', 'reviews', 'workflow', 'balancer', 'analytics', 'symbols'],
  ['sync', 'http'],
  ['assemble'],
  // What a process needs around a server: main's own.
  ['config', 'garbage', 'workspace', 'port', 'server-file', 'stop', 'locks-file-place'],
  ['main'],
]
/** Rooms of client/, lowest first. */
const CLIENT = [['sdk'], ['bridge', 'node'], ['cli', 'mcp', 'hooks']]

const inside = (tier, rooms) => `^${tier}/(?:${rooms.join('|')})(?:/|[.])`

/** For each row: nothing of its own tier but the rows below, and itself. */
function tierRules(tier, rows) {
  return rows.flatMap((rooms, row) => {
    const below = rows.slice(0, row).flat()
    return rooms.map((room) => ({
      name: `${tier}-${room}-imports-down`,
      comment: `${tier}/${room} may import, of ${tier}/: ${['itself', ...below].join(', ')}.`,
      severity: 'error',
      from: { path: inside(tier, [room]) },
      to: { path: `^${tier}/`, pathNot: inside(tier, [room, ...below]) },
    }))
  })
}

const PACKAGES = 'node_modules/'

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-development-packages',
      comment: 'What runs at a user has only `dependencies`. The dashboard is bundled, so its packages are built in.',
      severity: 'error',
      from: { path: '^(?:protocol|server|client)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'protocol-is-the-floor',
      comment: 'protocol imports nothing of ours.',
      severity: 'error',
      from: { path: '^protocol/' },
      to: { path: '^(?:server|client|dashboard|test)/' },
    },
    {
      name: 'protocol-is-pure',
      comment: 'protocol runs everywhere: nothing of Node.',
      severity: 'error',
      from: { path: '^protocol/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'sdk-runs-in-browsers',
      comment: 'client/sdk and the dashboard run in browsers: nothing of Node; sockets and storage are handed in.',
      severity: 'error',
      from: { path: '^(?:client/sdk|dashboard)/', pathNot: '[.]config[.]ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'source-without-tests',
      severity: 'error',
      from: { path: '^(?:protocol|server|client|dashboard)/' },
      to: { path: '^test/' },
    },
    {
      name: 'server-has-rooms',
      comment: `Every file of server/ stands in a room of the table in .dependency-cruiser.js, or is one.`,
      severity: 'error',
      from: {},
      to: { path: '^server/', pathNot: inside('server', SERVER.flat()) },
    },
    {
      name: 'client-has-rooms',
      comment: `Every file of client/ stands in a room of the table in .dependency-cruiser.js, or is one.`,
      severity: 'error',
      from: {},
      to: { path: '^client/', pathNot: inside('client', CLIENT.flat()) },
    },
    ...tierRules('server', SERVER),
    ...tierRules('client', CLIENT),
    {
      name: 'server-without-client',
      comment: 'Only server/main.ts may import the client: it starts the bridge of the served folder.',
      severity: 'error',
      from: { path: '^server/', pathNot: '^server/main[.]ts$' },
      to: { path: '^(?:client|dashboard)/' },
    },
    {
      name: 'main-without-dashboard',
      severity: 'error',
      from: { path: '^server/main[.]ts$' },
      to: { path: '^dashboard/' },
    },
    {
      name: 'client-without-server',
      severity: 'error',
      from: { path: '^client/' },
      to: { path: '^(?:server|dashboard)/' },
    },
    {
      name: 'verbs-load-when-they-run',
      comment:
        'What reads a command line loads no verb before it is asked for (`await import`): each start would pay for all.',
      severity: 'error',
      from: { path: '^client/cli/(?:main|program|program-[^/]+|session-program)[.]ts$' },
      to: { path: '^client/cli/(?:commands|live)/', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'dashboard-sees-protocol-and-sdk',
      severity: 'error',
      from: { path: '^dashboard/' },
      to: { path: '^(?:server|client|test)/', pathNot: '^client/sdk/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: PACKAGES },
    exclude: { path: '(?:^|/)dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.d.ts', '.js', '.json'],
    },
  },
}
