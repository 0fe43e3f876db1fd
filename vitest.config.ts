import { defineConfig } from 'vitest/config'

/** Processes, one after another, each waited for: a second file goes on meanwhile. */
const PROCESSES = [
  'test/scenarios/cli-*.test.ts',
  'test/scenarios/*-{kill,process,driver,versions}.test.ts', // bridge-kill, server-process, merge-driver …
]
/** Many clients at once, random work, orders of system calls: one file at a time, so that a small machine keeps its promises of time. */
const SCENARIOS = ['test/scenarios/**/*.test.ts', 'test/fuzz/**/*.test.ts']
/** Whatever drives a real browser; test/support/find-chromium.js has one ready. */
const BROWSER = ['test/dashboard/browser/**/*.test.ts', 'test/**/*.browser.test.ts']

const environment = 'node'
const pool = 'forks'

export default defineConfig({
  test: {
    watch: false,
    passWithNoTests: false,
    // .ci/run counts by the JSON.
    reporters: process.env['CI'] === undefined ? ['default'] : ['default', 'json'],
    outputFile: { json: 'test-results/vitest.json' },
    projects: [
      {
        test: {
          name: 'unit',
          environment,
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: [...SCENARIOS, ...BROWSER],
          pool,
          // Else one core stays idle, of two.
          maxWorkers: '100%',
          testTimeout: 20_000,
          hookTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'processes',
          environment,
          include: PROCESSES,
          pool,
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'scenarios',
          environment,
          include: SCENARIOS,
          exclude: [...PROCESSES, ...BROWSER],
          pool,
          maxWorkers: 1,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'browser',
          environment,
          include: BROWSER,
          pool,
          maxWorkers: 2,
          testTimeout: 90_000,
          hookTimeout: 90_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
