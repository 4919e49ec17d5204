// Requests to the hub. Every failure is an ApiError that carries an id a person can quote: the server's own (it is also
// in the server's log), or one made here when no server answered.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly id: string,
    /** Seconds, from Retry-After. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** No answer at all: the network or the server is away. */
  get offline(): boolean {
    return this.status === 0;
  }
}

/** An id for an error that no server has named. */
export function localErrorId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  return 'p-' + Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

interface ErrorBody {
  error?: { code?: unknown; message?: unknown; id?: unknown };
}

const text = (value: unknown, otherwise: string) => (typeof value === 'string' && value !== '' ? value : otherwise);

export async function refusal(response: Response): Promise<ApiError> {
  let body: ErrorBody = {};
  try {
    body = (await response.json()) as ErrorBody;
  } catch {
    // A proxy's page instead of the hub's JSON: the status alone has to do.
  }
  const retryAfter = Number(response.headers.get('retry-after'));
  return new ApiError(
    response.status,
    text(body.error?.code, 'http_' + String(response.status)),
    text(body.error?.message, response.statusText),
    text(body.error?.id, localErrorId()),
    Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null,
  );
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: unknown;
  signal?: AbortSignal;
  /** Milliseconds until the request counts as unanswered. */
  timeout?: number;
}

/** One request; answers its JSON, or null for 204. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const method = options.method ?? 'GET';
  const headers: Record<string, string> = { accept: 'application/json' };
  // The hub asks this of every change made with the session cookie: a foreign page cannot set it.
  if (method !== 'GET') headers['x-openday'] = '1';
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
  if (options.body !== undefined) {
    headers['content-type'] = 'application/json';
    init.body = JSON.stringify(options.body);
  }
  const abort = new AbortController();
  const timer = setTimeout(() => {
    abort.abort();
  }, options.timeout ?? 10_000);
  const cancel = () => {
    abort.abort();
  };
  options.signal?.addEventListener('abort', cancel);
  init.signal = abort.signal;
  try {
    const response = await fetch(path, init);
    if (!response.ok) throw await refusal(response);
    return (response.status === 204 ? null : await response.json()) as T;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(0, 'unreachable', String(error), localErrorId());
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', cancel);
  }
}
