// Starts the mock hub, unless the tests are pointed at a real one.

import type { TestProject } from 'vitest/node';
import { startMock } from '../dev/server.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    base: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const real = process.env.OPENDAY_URL;
  if (real !== undefined && real !== '') {
    project.provide('base', real.replace(/\/$/, ''));
    return () => Promise.resolve();
  }
  const mock = await startMock({ port: Number(process.env.OPENDAY_MOCK_PORT ?? 0) });
  project.provide('base', mock.url);
  return () => mock.close();
}
