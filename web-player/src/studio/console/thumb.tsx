// A picture that is replaced about twice a second: the next one is asked for only when the last has arrived, and the old
// one stays until then.

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Console } from './state';

export function Thumb({ room, venue }: { room: Console; venue: string }): JSX.Element {
  const shown = useSignal<string | null>(null);
  const loading = useRef<number | null>(null);
  const done = useRef(-1);
  const newest = room.pictures.value[venue] ?? 0;
  const path =
    venue === ''
      ? `/api/v1/admin/broadcasts/${room.id}/program.jpg?n=`
      : `/api/v1/admin/venues/${venue}/thumbnail.jpg?n=`;
  useEffect(() => {
    if (loading.current !== null || newest === done.current) return;
    const picture = new Image();
    loading.current = newest;
    const url = path + String(newest);
    const finish = (ok: boolean) => {
      loading.current = null;
      done.current = newest;
      if (ok) shown.value = url;
    };
    picture.onload = () => {
      finish(true);
    };
    picture.onerror = () => {
      finish(false);
    };
    picture.src = url;
  }, [newest, shown.value]);
  return <div class="thumb">{shown.value !== null && <img src={shown.value} alt="" draggable={false} />}</div>;
}
