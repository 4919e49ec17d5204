// Reads playlists with a parser that is not ours and holds them to the rules of RFC 8216bis it does not check itself.
// usage: node check.mjs PATH…   (files, or folders of *.m3u8)
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import HLS from 'hls-parser';

HLS.setOptions({ strictMode: true });

const files = process.argv.slice(2).flatMap((path) =>
  statSync(path).isDirectory()
    ? readdirSync(path).filter((name) => name.endsWith('.m3u8')).map((name) => join(path, name))
    : [path]);

let complaints = 0;
const complain = (file, what) => { complaints += 1; console.error(`${file}: ${what}`); };
const count = (text, tag) => text.split('\n').filter((line) => line.startsWith(tag)).length;

function checkMultivariant(file, text, playlist) {
  if (playlist.variants.length !== count(text, '#EXT-X-STREAM-INF:')) complain(file, 'variants were lost');
  for (const variant of playlist.variants) {
    for (const key of ['bandwidth', 'codecs', 'resolution', 'frameRate']) {
      if (!variant[key]) complain(file, `${variant.uri} has no ${key}`);
    }
  }
}

function checkMedia(file, text, playlist) {
  const whole = playlist.segments.filter((segment) => segment.uri);
  if (whole.length !== count(text, '#EXTINF:')) complain(file, 'segments were lost');
  const parts = playlist.segments.flatMap((segment) => segment.parts ?? []);
  // hls-parser lists a preload hint among the parts
  const hints = count(text, '#EXT-X-PRELOAD-HINT:');
  if (parts.length !== count(text, '#EXT-X-PART:') + hints) complain(file, 'parts were lost');
  whole.forEach((segment, index) => {
    if (Math.round(segment.duration) > playlist.targetDuration) complain(file, `${segment.uri} exceeds the target duration`);
    if (segment.mediaSequenceNumber !== playlist.mediaSequenceBase + index) complain(file, `${segment.uri} is misnumbered`);
    if (!segment.map?.uri) complain(file, `${segment.uri} has no init segment`);
    const run = (uri) => uri.split('/').slice(0, -1).join('/');
    if (!segment.gap && run(segment.map.uri) !== run(segment.uri)) complain(file, `${segment.uri} is of another run than its init segment`);
    if (segment.parts?.length && !segment.gap) {
      const sum = segment.parts.reduce((total, part) => total + part.duration, 0);
      if (Math.abs(sum - segment.duration) > 0.001) complain(file, `${segment.uri} is not the sum of its parts`);
      if (!segment.parts[0].independent && !segment.parts[0].gap) complain(file, `${segment.uri} does not start independently`);
    }
  });
  if (!playlist.segments[0].programDateTime) complain(file, 'the first segment has no program date');
  if (playlist.partTargetDuration) {
    const control = playlist.lowLatencyCompatibility;
    if (!control?.canBlockReload) complain(file, 'parts without blocking reload');
    if (control.partHoldBack < 3 * playlist.partTargetDuration) complain(file, 'PART-HOLD-BACK is below three parts');
    for (const segment of playlist.segments) {
      (segment.parts ?? []).filter((part) => !part.hint).forEach((part, index, all) => {
        if (part.duration > playlist.partTargetDuration) complain(file, `${part.uri} exceeds the part target`);
        // 4.4.4.9: at least 85 %, but for gaps and the last of a segment
        if (index + 1 < all.length && !part.gap && part.duration < 0.85 * playlist.partTargetDuration) complain(file, `${part.uri} is too short`);
      });
    }
    if (!playlist.endlist && hints + count(text, '#EXTINF:') === 0) complain(file, 'nothing is listed or hinted');
  } else if (parts.length > 0) {
    complain(file, 'parts without a part target');
  }
}

for (const file of files) {
  const text = readFileSync(file, 'utf8');
  try {
    const playlist = HLS.parse(text);
    if (playlist.isMasterPlaylist) checkMultivariant(file, text, playlist);
    else checkMedia(file, text, playlist);
  } catch (error) {
    complain(file, error.message);
  }
}
console.log(`${files.length} playlists read, ${complaints} complaints`);
process.exit(files.length > 0 && complaints === 0 ? 0 : 1);
