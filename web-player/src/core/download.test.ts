import { describe, expect, it } from 'vitest';
import type { ApiError } from './api';
import { askForFile } from './download';

const answering = (response: Response) => () => Promise.resolve(response);

describe('a recording as one file', () => {
  it('is being prepared as long as the server says so', async () => {
    const response = new Response('{"state":"preparing","progress":0.25}', {
      status: 202,
      headers: { 'retry-after': '3' },
    });
    expect(await askForFile('/x.mp4', answering(response))).toEqual({ ready: false, progress: 0.25, retryMs: 3000 });
  });

  it('is there when its first byte comes', async () => {
    expect(await askForFile('/x.mp4', answering(new Response('\0', { status: 206 })))).toEqual({ ready: true });
  });

  it('fails with the number that the server gave', async () => {
    const refusal = new Response('{"error":{"code":"busy","message":"later","id":"5eed0bad"}}', { status: 429 });
    const failed = await askForFile('/x.mp4', answering(refusal)).catch((error: unknown) => error as ApiError);
    expect(failed).toMatchObject({ status: 429, id: '5eed0bad' });
  });

  it('fails with a number of its own when nobody answers', async () => {
    const failed = await askForFile('/x.mp4', () => Promise.reject(new TypeError('no network'))).catch(
      (error: unknown) => error as ApiError,
    );
    expect(failed).toMatchObject({ status: 0, id: expect.stringMatching(/^p-/) as string });
  });
});
