// Media for the mock: three made-up venues and a program of them in three sizes, encoded once by ffmpeg and kept, cut into
// CMAF fragments of a third of a second as the real packager does.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

// 16 s hold whole numbers of 2 s segments and of 1024-sample AAC frames: the loop has no seam.
export const loopSeconds = 16;
export const segmentSeconds = 2;
export const partsPerSegment = 6;
export const segments = loopSeconds / segmentSeconds;
const fps = 30;

export const renditions = [
  { name: '720p', width: 1280, height: 720, kbps: 900 },
  { name: '480p', width: 854, height: 480, kbps: 450 },
  { name: '360p', width: 640, height: 360, kbps: 250 },
];

export const venues = [
  { id: 'hall-a', name: '第一法庭 Hall A', hue: '28,58,92', light: '74,124,178' },
  { id: 'hall-b', name: '第二法庭 Hall B', hue: '40,66,56', light: '104,158,128' },
  { id: 'remote', name: '远程连线 Remote', hue: '84,52,44', light: '192,128,96' },
];

const font = '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc';

async function ffmpeg(args) {
  await run('nice', ['-n', '10', 'ffmpeg', '-hide_banner', '-loglevel', 'error', '-y', '-threads', '2', ...args], {
    maxBuffer: 1 << 24,
  });
}

/** A still backdrop: a soft light falling into a room. */
function backdrop(venue, width, height) {
  const [dark, light] = [venue.hue.split(','), venue.light.split(',')];
  const channel = (i) =>
    `${dark[i]}*0.5+(${light[i]}-${dark[i]}*0.5)*exp(-3*(pow(X/W-0.7\\,2)+pow(Y/H-0.25\\,2)))*(0.55+0.45*gt(mod(X/W*9+Y/H*2\\,1)\\,0.08))`;
  return `color=black:s=${width}x${height}:r=${fps},format=gbrp,trim=end_frame=1,geq=r='${channel(0)}':g='${channel(1)}':b='${channel(2)}',loop=-1:1:0,setpts=N/${fps}/TB`;
}

const label = (text, x, y, size) =>
  `drawtext=fontfile=${font}:text='${text}':x=${x}:y=${y}:fontsize=${size}:fontcolor=white:box=1:boxcolor=0x0b0f15@0.72:boxborderw=${Math.round(size / 2)}`;

async function make(folder) {
  // A figure that walks through the room, so that a picture that stands still is seen to.
  const tile = (i, w, h) =>
    `color=white@0.22:s=${Math.round(w / 18) * 2}x${Math.round(h / 8) * 2}:r=${fps},format=rgba[walk${i}];${backdrop(venues[i], w, h)}[room${i}];` +
    `[room${i}][walk${i}]overlay=x='mod(t*${40 + i * 22}\\,W+w)-w':y=H*0.55,${label(venues[i].name, 'w*0.05', 'h-th-h*0.09', Math.round(h / 16))}`;
  const graph = [
    `${tile(0, 848, 720)}[a]`,
    `${tile(1, 424, 356)}[b]`,
    `${tile(2, 424, 356)}[c]`,
    `color=0x0b0f15:s=1280x720:r=${fps}[bg]`,
    '[bg][a]overlay=0:0[x];[x][b]overlay=856:0[y];[y][c]overlay=856:364[z]',
    `[z]drawtext=fontfile=${font}:text='%{pts\\:hms}':x=32:y=32:fontsize=30:fontcolor=white:box=1:boxcolor=0x0b0f15@0.6:boxborderw=10,format=yuv420p[v]`,
  ].join(';');
  const program = join(folder, 'program.mp4');
  await ffmpeg([
    '-filter_complex', `${graph};sine=f=330:r=48000:d=${loopSeconds},tremolo=f=1:d=0.9,volume=0.25,aformat=channel_layouts=stereo[s]`,
    '-map', '[v]', '-map', '[s]', '-t', String(loopSeconds),
    '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '16', '-g', '60', '-c:a', 'aac', '-b:a', '96k', program,
  ]); // prettier-ignore
  for (const rendition of renditions) {
    const gop = String(segmentSeconds * fps);
    await ffmpeg([
      '-i', program, '-vf', `scale=${rendition.width}:${rendition.height}`, '-t', String(loopSeconds),
      '-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'main', '-bf', '0', '-g', gop, '-keyint_min', gop, '-sc_threshold', '0',
      '-b:v', `${rendition.kbps}k`, '-maxrate', `${rendition.kbps}k`, '-bufsize', `${rendition.kbps}k`, '-video_track_timescale', '90000',
      '-c:a', 'copy', '-movflags', 'frag_keyframe+empty_moov+default_base_moof+cmaf', '-frag_duration', '333333', '-use_editlist', '0',
      join(folder, `${rendition.name}.mp4`),
    ]); // prettier-ignore
  }
  await ffmpeg([
    '-i', program, '-vn', '-c:a', 'copy', '-t', String(loopSeconds),
    '-movflags', 'empty_moov+default_base_moof+cmaf', '-frag_duration', '2000000', '-use_editlist', '0', join(folder, 'audio.mp4'),
  ]); // prettier-ignore
  await ffmpeg(['-i', program, '-vf', 'fps=1/2,scale=640:360', '-q:v', '4', join(folder, 'thumb-%d.jpg')]);
  await ffmpeg(['-ss', '5', '-i', program, '-frames:v', '1', '-q:v', '3', join(folder, 'poster.jpg')]);
  for (const [i, venue] of venues.entries()) {
    await ffmpeg([
      '-filter_complex',
      `${tile(i, 480, 270)}[v]`,
      '-map',
      '[v]',
      '-r',
      '2',
      '-t',
      '8',
      '-q:v',
      '5',
      join(folder, `${venue.id}-%d.jpg`),
    ]);
  }
}

function boxes(data, from = 0, to = data.length) {
  const found = [];
  for (let at = from; at + 8 <= to;) {
    const size = data.readUInt32BE(at);
    found.push({ type: data.toString('latin1', at + 4, at + 8), start: at, end: at + size });
    if (size < 8) break;
    at += size;
  }
  return found;
}

const child = (data, box, type) => boxes(data, box.start + 8, box.end).find((inner) => inner.type === type);

/** Cuts a fragmented file into its init segment and its moof+mdat pairs. */
function cut(data) {
  const all = boxes(data);
  const first = all.find((box) => box.type === 'moof');
  const init = data.subarray(0, first.start);
  const fragments = [];
  for (const [i, box] of all.entries()) {
    if (box.type !== 'moof') continue;
    fragments.push(data.subarray(box.start, all[i + 1].end));
  }
  return { init, fragments };
}

/** Timescale of each track, by id. */
function timescales(init) {
  const moov = boxes(init).find((box) => box.type === 'moov');
  const scales = new Map();
  for (const trak of boxes(init, moov.start + 8, moov.end).filter((box) => box.type === 'trak')) {
    const tkhd = child(init, trak, 'tkhd');
    const mdhd = child(init, child(init, trak, 'mdia'), 'mdhd');
    const id = init.readUInt32BE(tkhd.start + 8 + (init[tkhd.start + 8] === 1 ? 20 : 12));
    scales.set(id, init.readUInt32BE(mdhd.start + 8 + (init[mdhd.start + 8] === 1 ? 20 : 12)));
  }
  return scales;
}

/** The same fragment, later by so many seconds. */
export function shift(track, fragment, seconds) {
  if (seconds === 0) return fragment;
  const data = Buffer.from(fragment);
  const moof = boxes(data)[0];
  for (const traf of boxes(data, moof.start + 8, moof.end).filter((box) => box.type === 'traf')) {
    const id = data.readUInt32BE(child(data, traf, 'tfhd').start + 12);
    const tfdt = child(data, traf, 'tfdt');
    const by = BigInt(seconds) * BigInt(track.scales.get(id));
    if (data[tfdt.start + 8] === 1) data.writeBigUInt64BE(data.readBigUInt64BE(tfdt.start + 12) + by, tfdt.start + 12);
    else data.writeUInt32BE(Number(BigInt(data.readUInt32BE(tfdt.start + 12)) + by), tfdt.start + 12);
  }
  return data;
}

export async function loadMedia(folder) {
  const done = join(folder, `${loopSeconds}s`);
  if (!existsSync(join(done, 'poster.jpg'))) {
    const work = join(folder, `work-${process.pid}`);
    await mkdir(work, { recursive: true });
    await make(work);
    await rename(work, done);
  }
  const at = (name) => join(done, name);
  const tracks = new Map();
  for (const name of [...renditions.map((rendition) => rendition.name), 'audio']) {
    const { init, fragments } = cut(await readFile(at(`${name}.mp4`)));
    tracks.set(name, { init, fragments, scales: timescales(init) });
  }
  const pictures = async (name, count) =>
    Promise.all(Array.from({ length: count }, (_, i) => readFile(at(`${name}-${i + 1}.jpg`))));
  const venuePictures = new Map();
  for (const venue of venues) venuePictures.set(venue.id, await pictures(venue.id, 16));
  return {
    tracks,
    thumbs: await pictures('thumb', 8),
    poster: await readFile(at('poster.jpg')),
    venuePictures,
    mp4: await readFile(at('program.mp4')),
  };
}
