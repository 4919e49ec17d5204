// Composing a scene before it goes on air: pure rules, each answering a new draft.
//
// A draft holds as many places as one arrangement of its layout has tiles; a place may be empty until a venue is put there.
// A venue is in a scene at most once.

import type { Arrangement, Layout, Scene } from './studio-types';

export interface Draft {
  layout: string;
  places: (string | null)[];
  followAudio: boolean;
  title: string;
}

export function sizes(layout: Layout): number[] {
  return layout.arrangements.map((arrangement) => arrangement.venues).sort((a, b) => a - b);
}

export function arrangementOf(layout: Layout, places: number): Arrangement | null {
  return layout.arrangements.find((arrangement) => arrangement.venues === places) ?? null;
}

/** The smallest arrangement that holds so many venues, else the largest there is. */
function fitting(layout: Layout, venues: number): number {
  const all = sizes(layout);
  return all.find((size) => size >= venues) ?? all[all.length - 1] ?? 0;
}

function resized(places: readonly (string | null)[], size: number): (string | null)[] {
  const filled = places.filter((place) => place !== null).slice(0, size);
  return [...filled, ...Array.from({ length: size - filled.length }, () => null)];
}

export function draftOf(scene: Scene): Draft {
  return {
    layout: scene.layout,
    places: [...scene.venues],
    followAudio: scene.follow_audio !== false,
    title: scene.title ?? '',
  };
}

export function sceneOf(draft: Draft): Scene | null {
  const venues = draft.places.filter((place) => place !== null);
  if (venues.length === 0 || venues.length !== draft.places.length) return null;
  const scene: Scene = { layout: draft.layout, venues, follow_audio: draft.followAudio };
  const title = draft.title.trim();
  if (title !== '') scene.title = title;
  return scene;
}

/** Another layout; the venues stay in their order. With empty places left over, waiting venues move in. */
export function withLayout(draft: Draft, layout: Layout, spare: readonly string[]): Draft {
  const count = draft.places.filter((place) => place !== null).length;
  const places = resized(draft.places, fitting(layout, Math.max(1, count)));
  const waiting = spare.filter((venue) => !places.includes(venue));
  const filled = places.map((place) => place ?? waiting.shift() ?? null);
  return { ...draft, layout: layout.id, places: filled };
}

/** Puts a venue into a place; if it stood elsewhere in the scene, the two change places. */
export function withVenueAt(draft: Draft, index: number, venue: string): Draft {
  if (index < 0 || index >= draft.places.length) return draft;
  const before = draft.places[index] ?? null;
  const other = draft.places.indexOf(venue);
  const places = [...draft.places];
  places[index] = venue;
  if (other >= 0 && other !== index) places[other] = before;
  return { ...draft, places };
}

/** Adds a venue: into an empty place, else into one more tile if the layout has it, else instead of the last. */
export function withVenue(draft: Draft, layout: Layout, venue: string): Draft {
  if (draft.places.includes(venue)) return draft;
  const empty = draft.places.indexOf(null);
  if (empty >= 0) return withVenueAt(draft, empty, venue);
  if (sizes(layout).includes(draft.places.length + 1)) return { ...draft, places: [...draft.places, venue] };
  return withVenueAt(draft, draft.places.length - 1, venue);
}

/** Takes a venue out; the scene shrinks if the layout has a smaller arrangement, else the place is empty. */
export function withoutVenue(draft: Draft, layout: Layout, index: number): Draft {
  if (index < 0 || index >= draft.places.length) return draft;
  const places = draft.places.filter((_, i) => i !== index);
  if (sizes(layout).includes(places.length)) return { ...draft, places };
  return { ...draft, places: draft.places.map((place, i) => (i === index ? null : place)) };
}

export function sameScene(a: Scene | null, b: Scene | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.layout === b.layout &&
    a.venues.length === b.venues.length &&
    a.venues.every((venue, i) => venue === b.venues[i]) &&
    (a.slate ?? false) === (b.slate ?? false) &&
    (a.follow_audio ?? true) === (b.follow_audio ?? true) &&
    (a.title ?? '') === (b.title ?? '')
  );
}

/** Whether a venue is heard in a scene. */
export function heard(scene: Scene | null, venue: string, muted: boolean): boolean {
  if (scene === null || scene.slate === true || muted) return false;
  return scene.follow_audio === false || scene.venues.includes(venue);
}
