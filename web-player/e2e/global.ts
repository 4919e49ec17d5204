// One browser for all files, and the mock's media made before any of them starts.

import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { startMock } from '../dev/server.mjs';
import { chromiumOptions } from './chromium';

declare module 'vitest' {
  interface ProvidedContext {
    browser: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if ((process.env.OPENDAY_URL ?? '') === '') await (await startMock({ port: 0 })).close();
  const server = await chromium.launchServer(chromiumOptions('with sound'));
  project.provide('browser', server.wsEndpoint());
  return () => server.close();
}
