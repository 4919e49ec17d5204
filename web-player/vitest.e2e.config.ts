import { defineConfig } from 'vitest/config';

// One browser at a time, in real time. See e2e/support.ts for how to point these at a real server.
export default defineConfig({
  test: {
    include: ['e2e/**/*.test.ts'],
    globalSetup: 'e2e/global.ts',
    environment: 'node',
    fileParallelism: false,
    testTimeout: 150_000,
    hookTimeout: 180_000,
  },
});
