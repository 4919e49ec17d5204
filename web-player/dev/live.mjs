// The mock's HLS: an endless LL-HLS stream made of a loop, its DVR playlist, and a recording. A faithful small copy of the
// hub's answers (docs/API.md), including blocking reloads.

import { loopSeconds, partsPerSegment, renditions, segments, segmentSeconds, shift } from './media.mjs';

const partSeconds = segmentSeconds / partsPerSegment;
const liveSegments = 6;
const segmentsWithParts = 3;

export class Live {
  /** since: UTC ms of the program's first frame. */
  constructor(media, id, since) {
    this.media = media;
    this.id = id;
    this.since = since;
    this.endedAt = null;
  }

  /** Parts published by now, counted from the start. */
  published(now = Date.now()) {
    return Math.max(0, Math.floor((Math.min(now, this.endedAt ?? now) - this.since) / 1000 / partSeconds + 1e-6));
  }

  at(msn) {
    return new Date(this.since + msn * segmentSeconds * 1000).toISOString();
  }

  multivariant(kind) {
    const lines = ['#EXTM3U', '#EXT-X-VERSION:9', '#EXT-X-INDEPENDENT-SEGMENTS'];
    for (const { name, width, height, kbps } of renditions) {
      const bandwidth = (kbps + 110) * 1000;
      lines.push(
        `#EXT-X-STREAM-INF:BANDWIDTH=${bandwidth},AVERAGE-BANDWIDTH=${bandwidth},CODECS="avc1.4d401f,mp4a.40.2",RESOLUTION=${width}x${height},FRAME-RATE=30.000`,
        `/hls/${this.id}/${name}/${kind}.m3u8`,
      );
    }
    return lines.join('\n') + '\n';
  }

  head(target) {
    return ['#EXTM3U', '#EXT-X-VERSION:9', `#EXT-X-TARGETDURATION:${target}`];
  }

  livePlaylist(rendition) {
    const parts = this.published();
    const current = Math.floor(parts / partsPerSegment);
    const first = Math.max(0, current - liveSegments);
    const lines = this.head(segmentSeconds);
    const audio = rendition === 'audio';
    if (!audio) {
      lines.push(`#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${(partSeconds * 3).toFixed(3)}`);
      lines.push(`#EXT-X-PART-INF:PART-TARGET=${(partSeconds + 0.00001).toFixed(5)}`);
    }
    lines.push(`#EXT-X-MEDIA-SEQUENCE:${first}`, `#EXT-X-MAP:URI="/media/${this.id}/${rendition}/init.mp4"`);
    for (let msn = first; msn <= current; msn++) {
      if (msn > first && msn === current && audio) break;
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${this.at(msn)}`);
      if (!audio && msn > current - segmentsWithParts) {
        const count = msn === current ? parts % partsPerSegment : partsPerSegment;
        for (let part = 0; part < count; part++) {
          const independent = part === 0 ? ',INDEPENDENT=YES' : '';
          lines.push(
            `#EXT-X-PART:DURATION=${partSeconds.toFixed(5)},URI="/media/${this.id}/${rendition}/${msn}.${part}.m4s"${independent}`,
          );
        }
      }
      if (msn < current)
        lines.push(`#EXTINF:${segmentSeconds.toFixed(5)},`, `/media/${this.id}/${rendition}/${msn}.m4s`);
    }
    if (this.endedAt !== null) lines.push('#EXT-X-ENDLIST');
    else if (!audio) {
      lines.push(
        `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="/media/${this.id}/${rendition}/${current}.${parts % partsPerSegment}.m4s"`,
      );
      const [msn, part] =
        parts % partsPerSegment === 0 ? [current - 1, partsPerSegment - 1] : [current, (parts % partsPerSegment) - 1];
      for (const { name } of renditions) {
        if (name !== rendition)
          lines.push(
            `#EXT-X-RENDITION-REPORT:URI="/hls/${this.id}/${name}/live.m3u8",LAST-MSN=${msn},LAST-PART=${part}`,
          );
      }
    }
    return lines.join('\n') + '\n';
  }

  longPlaylist(rendition, first, end, closed) {
    const lines = this.head(segmentSeconds);
    if (closed) lines.push('#EXT-X-PLAYLIST-TYPE:VOD');
    lines.push(`#EXT-X-MEDIA-SEQUENCE:${first}`, `#EXT-X-MAP:URI="/media/${this.id}/${rendition}/init.mp4"`);
    for (let msn = first; msn < end; msn++) {
      lines.push(
        `#EXT-X-PROGRAM-DATE-TIME:${this.at(msn)}`,
        `#EXTINF:${segmentSeconds.toFixed(5)},`,
        `/media/${this.id}/${rendition}/${msn}.m4s`,
      );
    }
    if (closed) lines.push('#EXT-X-ENDLIST');
    return lines.join('\n') + '\n';
  }

  dvrPlaylist(rendition, windowSeconds) {
    const end = Math.floor(this.published() / partsPerSegment);
    return this.longPlaylist(rendition, Math.max(0, end - windowSeconds / segmentSeconds), end, this.endedAt !== null);
  }

  replayPlaylist(rendition, seconds) {
    return this.longPlaylist(rendition, 0, Math.floor(seconds / segmentSeconds), true);
  }

  /** "12.m4s", "12.3.m4s" or "init.mp4" of a rendition; null: no such thing (yet). */
  bytes(rendition, name) {
    const track = this.media.tracks.get(rendition);
    if (track === undefined) return null;
    if (name === 'init.mp4') return track.init;
    const [, msnText, partText] = /^(\d+)(?:\.(\d+))?\.m4s$/.exec(name) ?? [];
    if (msnText === undefined) return null;
    const msn = Number(msnText);
    const per = track.fragments.length / segments;
    const first = (msn % segments) * per;
    const seconds = Math.floor(msn / segments) * loopSeconds;
    const from = first + (partText === undefined ? 0 : Number(partText));
    const to = partText === undefined ? first + per : from + 1;
    if (to > first + per) return null;
    return Buffer.concat(track.fragments.slice(from, to).map((fragment) => shift(track, fragment, seconds)));
  }

  /** Ms until (msn, part) is there; part undefined: the whole segment. Null: too far ahead. */
  wait(msn, part) {
    const wanted = msn * partsPerSegment + (part === undefined ? partsPerSegment : part + 1);
    const have = this.published();
    if (have >= wanted || this.endedAt !== null) return 0;
    if (wanted - have > partsPerSegment * 2) return null;
    return this.since + wanted * partSeconds * 1000 - Date.now() + 1;
  }
}
