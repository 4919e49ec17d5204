// Which of the room's dialogs is open.

import { signal } from '@preact/signals';
import type { Comment } from '../../core/room-types';

export const reporting = signal<Comment | null>(null);
export const naming = signal(false);
export const danmakuDialog = signal(false);
