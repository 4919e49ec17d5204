// A recording as one file. The server makes it when it is first asked for, and says 202 until it is there; a link alone would
// save that answer instead of the recording.

import { ApiError, localErrorId, refusal } from './api';

export type Preparation = { ready: true } | { ready: false; progress: number; retryMs: number };

/** Asks for the file's first byte. Every failure is an ApiError. */
export async function askForFile(url: string, fetcher: typeof fetch = fetch): Promise<Preparation> {
  const headers = { accept: 'application/json', range: 'bytes=0-0' };
  const response = await fetcher(url, { headers, cache: 'no-store' }).catch((error: unknown) => {
    throw new ApiError(0, 'unreachable', String(error), localErrorId());
  });
  if (!response.ok) throw await refusal(response);
  if (response.status !== 202) {
    await response.body?.cancel();
    return { ready: true };
  }
  const body = (await response.json()) as { progress?: unknown };
  const seconds = Number(response.headers.get('retry-after'));
  return {
    ready: false,
    progress: typeof body.progress === 'number' ? Math.min(1, Math.max(0, body.progress)) : 0,
    retryMs: seconds > 0 ? seconds * 1000 : 2000,
  };
}
