// Who is logged in, and requests that notice when nobody is any more.

import { signal } from '@preact/signals';
import { ApiError, request, type RequestOptions } from '../core/api';
import type { Me, Right } from '../core/people';

export type Login = 'unknown' | 'out' | 'in';

export const login = signal<Login>('unknown');
/** Whoever is in. */
export const me = signal<Me | null>(null);
/** The session ended while the page was in use. */
export const expired = signal(false);
export const loginError = signal<ApiError | null>(null);
export const logoutError = signal<ApiError | null>(null);

export async function checkSession(): Promise<void> {
  loginError.value = null;
  try {
    me.value = await request<Me>('/api/v1/session');
    login.value = 'in';
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) login.value = 'out';
    else if (error instanceof ApiError) loginError.value = error;
    else throw error;
  }
}

export const may = (right: Right): boolean => me.value?.rights.includes(right) === true;

export async function logIn(name: string, password: string): Promise<void> {
  await request('/api/v1/session', { method: 'POST', body: { name, password } });
  me.value = await request<Me>('/api/v1/session');
  expired.value = false;
  logoutError.value = null;
  login.value = 'in';
}

export async function changePassword(present: string, chosen: string): Promise<void> {
  await request('/api/v1/session/password', { method: 'PUT', body: { present, new: chosen } });
  me.value = await request<Me>('/api/v1/session');
}

/** Out only when the server has said so: until then this browser's cookie opens the pages. */
export async function logOut(): Promise<void> {
  logoutError.value = null;
  try {
    await request('/api/v1/session', { method: 'DELETE' });
    expired.value = false;
    login.value = 'out';
  } catch (error) {
    logoutError.value = asApiError(error);
  }
}

/** A request under /api/v1/admin/. */
export const admin = <T>(path: string, options: RequestOptions = {}): Promise<T> =>
  asStaff<T>(`admin/${path}`, options);

/** A request under /api/v1/ that needs somebody to be logged in. */
export async function asStaff<T>(path: string, options: RequestOptions = {}): Promise<T> {
  try {
    return await request<T>(`/api/v1/${path}`, options);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      // Several requests may learn of it at the same time.
      if (login.value === 'in') expired.value = true;
      login.value = 'out';
    }
    throw error;
  }
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, 'unreachable', String(error), 'p-00000000');
}
