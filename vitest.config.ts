import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Many tests wait: for processes that end, for limits that are reached.
    maxWorkers: 4,
    pool: 'forks',
    reporters: ['default', './test/support/second-try-reporter.ts'],
    projects: [
      // Beside the code: files of one worker share what they import, which takes longer than the tests.
      { extends: true, test: { name: 'unit', include: ['src/**/*.test.ts', 'web/src/**/*.test.ts'], isolate: false } },
      { extends: true, test: { name: 'system', include: ['test/**/*.test.ts', 'native/test/**/*.test.ts'] } },
    ],
  },
});
