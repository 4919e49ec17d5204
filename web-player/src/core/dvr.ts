// Where a moment lies: program clock (UTC ms) ↔ scrub bar ↔ player position.

/** Part of the program that can be watched now, in ms: program clock while live, from 0 in a replay. */
export interface Timeline {
  start: number;
  end: number;
}

/** Closer to the end than this, a viewer who scrubs means "live". */
export const joinLiveMs = 6000;

export function liveTimeline(liveAt: number | null, windowSeconds: number, edge: number): Timeline {
  const oldest = edge - Math.max(0, windowSeconds) * 1000;
  return { start: Math.min(edge, liveAt === null ? oldest : Math.max(liveAt, oldest)), end: edge };
}

export function fractionOf(line: Timeline, at: number): number {
  const length = line.end - line.start;
  if (length <= 0) return 1;
  return Math.min(1, Math.max(0, (at - line.start) / length));
}

export function timeAt(line: Timeline, fraction: number): number {
  return line.start + (line.end - line.start) * Math.min(1, Math.max(0, fraction));
}

export function clampTo(line: Timeline, at: number): number {
  return Math.min(line.end, Math.max(line.start, at));
}

export function meansLive(line: Timeline, at: number): boolean {
  return line.end - at <= joinLiveMs;
}

/** Thumbnails are made every 10 s; asking for round moments lets caches share them. */
export function thumbnailUrl(broadcast: string, at: number): string {
  return `/thumb/${broadcast}/${String(Math.floor(at / 10_000) * 10_000)}.jpg`;
}

/** A stretch of the player's time with a known program time, in seconds and UTC ms. */
export interface Anchor {
  position: number;
  duration: number;
  at: number;
}

/** Program time at a player position. Beyond the ends the nearest stretch is continued. */
export function programTimeAt(anchors: readonly Anchor[], position: number): number | null {
  let best: Anchor | null = null;
  for (const anchor of anchors) {
    if (anchor.position > position && best !== null) break;
    best = anchor;
  }
  return best === null ? null : best.at + (position - best.position) * 1000;
}

/** Player position of a moment; one that fell into a gap (the engine restarted) becomes the next one there is. */
export function positionAt(anchors: readonly Anchor[], at: number): number | null {
  for (const anchor of anchors) {
    if (at < anchor.at) return anchor.position;
    if (at < anchor.at + anchor.duration * 1000) return anchor.position + (at - anchor.at) / 1000;
  }
  const last = anchors[anchors.length - 1];
  return last === undefined ? null : last.position + last.duration;
}

/**
 * The media playlist with an EXT-X-START (RFC 8216 4.3.5.2) for a moment: hls.js then begins there, instead of loading from
 * its live edge first and being sent back. What lies past the end of a complete one is its last segment. A playlist without
 * times, or a multivariant one, comes back as it was.
 */
export function startingAt(playlist: string, at: number): string {
  let position = 0;
  let time: number | null = null;
  let offset: number | null = null;
  let last: number | null = null;
  for (const line of playlist.split('\n')) {
    if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) {
      time = Date.parse(line.slice(line.indexOf(':') + 1).trim());
    } else if (line.startsWith('#EXTINF:')) {
      const duration = parseFloat(line.slice(8));
      if (time !== null && at < time + duration * 1000) {
        offset = position + Math.max(0, at - time) / 1000;
        break;
      }
      if (time !== null) last = position;
      position += duration;
      if (time !== null) time += duration * 1000;
    }
  }
  // Without a place to begin a complete playlist would begin at its start.
  if (playlist.includes('#EXT-X-ENDLIST')) offset ??= last;
  if (offset === null) return playlist;
  return playlist.replace('#EXTM3U', `#EXTM3U\n#EXT-X-START:TIME-OFFSET=${offset.toFixed(3)},PRECISE=YES`);
}
