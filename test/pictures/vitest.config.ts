import { defineConfig } from 'vitest/config'

/** What takes pictures proves nothing: it runs when it is asked for, not with the tests. */
export default defineConfig({
  test: { watch: false, include: ['test/pictures/take.ts'], testTimeout: 60_000, pool: 'forks' },
})
