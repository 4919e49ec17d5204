import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// The longest first, so that two at a time end together; and what ends the broadcast after all that need it on air.
const order = [
  'watch',
  'room',
  'screens',
  'studio',
  'phone',
  'moderate',
  'desk',
  'index',
  'audience',
  'tips',
  'ending',
];

class InOrder extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = (file: TestSpecification) => order.findIndex((name) => file.moduleId.endsWith(`/${name}.test.ts`));
    return Promise.resolve([...files].sort((a, b) => place(a) - place(b)));
  }
}

// Every file has a mock of its own, so two run at a time; a real server is shared. See e2e/support.ts.
const real = (process.env.OPENDAY_URL ?? '') !== '';

export default defineConfig({
  test: {
    include: ['e2e/**/*.test.ts'],
    globalSetup: 'e2e/global.ts',
    environment: 'node',
    fileParallelism: !real,
    maxWorkers: real ? 1 : 2,
    minWorkers: 1,
    sequence: { sequencer: InOrder },
    testTimeout: 240_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
