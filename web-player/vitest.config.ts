import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts'],
    setupFiles: 'src/test-globals.ts',
    environment: 'node',
    maxWorkers: 1,
    minWorkers: 1,
  },
});
