// A mock of the hub for developing and testing the pages without it: serves dist/ and docs/API.md with made-up broadcasts,
// and can be told to misbehave (POST /__mock/…). Binds to loopback only.
//
//   node dev/server.mjs [port]      then open http://127.0.0.1:28080/

import { createReadStream, existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Live } from './live.mjs';
import { loadMedia, renditions, venues } from './media.mjs';
import { Rooms } from './room.mjs';
import { Studio } from './studio.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = resolve(here, '../dist');
const minute = 60_000;

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

const site = {
  name: '云州市政务直播',
  name_zh: '云州市政务直播',
  name_en: 'Yunzhou Live',
  tips: 'https://tips.example/',
};

// The policy the hub sends: the pages must live with it.
const policy =
  "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'";

const iso = (ms) => new Date(ms).toISOString();

function made(id, fields) {
  return {
    id, title: id, description: '', language: 'zh-CN', state: 'scheduled', starts_at: null, live_at: null, ended_at: null,
    poster: `/thumb/${id}/poster.jpg`, live: null, replay: null, venues: venues.map(({ id: venue, name }) => ({ id: venue, name })),
    ...fields,
  }; // prettier-ignore
}

const liveUrls = (id) => ({
  hls: `/hls/${id}/live.m3u8`,
  dvr: `/hls/${id}/dvr.m3u8`,
  audio: `/hls/${id}/audio/live.m3u8`,
  audio_dvr: `/hls/${id}/audio/dvr.m3u8`,
  dvr_window_s: 4 * 3600,
});
const replayUrls = (id) => ({
  hls: `/hls/${id}/replay.m3u8`,
  audio: `/hls/${id}/audio/replay.m3u8`,
  mp4: `/hls/${id}/replay.mp4?rendition=720p`,
});

const replaySeconds = 128;

export async function startMock({ port = 28080, mediaFolder = resolve(here, '../../artifacts/mock-media') } = {}) {
  const media = await loadMedia(mediaFolder);
  const born = Date.now();
  const broadcasts = new Map();
  const streams = new Map();
  /** When each recording was first asked for as one file: it takes a moment to be made. */
  const exportsSince = new Map();
  /** What the tests asked to go wrong. */
  const fault = { outageUntil: 0, failing: new Map() };

  function addLive(id, since, fields = {}) {
    streams.set(id, new Live(media, id, since));
    broadcasts.set(
      id,
      made(id, { state: 'live', starts_at: iso(since), live_at: iso(since), live: liveUrls(id), ...fields }),
    );
  }

  function reset() {
    fault.outageUntil = 0;
    fault.failing.clear();
    broadcasts.clear();
    addLive('court', born - 25 * minute, {
      title: '“阳光司法”法院公众开放日：三地法庭同步直播',
      description:
        '市中级人民法院邀请公众走进法庭。三个法庭的庭审与讲解同步播出，您可以随时回看，也可以只听声音以节省流量。\n\nThe intermediate court opens its doors: hearings and guided tours from three courtrooms in one program.',
    });
    broadcasts.set('patrol', made('patrol', {
      title: 'On patrol with the night shift',
      description: 'Two officers, one car, eight hours. A patrol through the old town, explained as it happens.',
      language: 'en', starts_at: iso(born + 52 * 60 * minute),
    })); // prettier-ignore
    broadcasts.set(
      'openday',
      made('openday', {
        title: '检察机关“12309”开放日',
        starts_at: iso(born + 26 * 60 * minute + 17_000),
        poster: null,
      }),
    );
    broadcasts.set(
      'undated',
      made('undated', { title: 'Fire brigade: an evening in the control room', language: 'en', starts_at: null }),
    );
    const past = [
      ['hearing', '知识产权案件公开庭审', 3, 'zh-CN'],
      ['academy', 'Police academy: the entrance day', 9, 'en'],
      ['library', '社区普法课堂：民法典与日常生活', 16, 'zh-CN'],
    ];
    for (const [id, title, days, language] of past) {
      const from = born - days * 24 * 60 * minute;
      streams.set(id, new Live(media, id, from));
      broadcasts.set(id, made(id, {
        title, language, state: 'replay', starts_at: iso(from), live_at: iso(from), ended_at: iso(from + replaySeconds * 1000),
        replay: replayUrls(id), description: language === 'en' ? 'A day with the new class.' : '本次活动的完整录像。',
      })); // prettier-ignore
    }
    broadcasts.set('ended', made('ended', {
      title: 'Town meeting', language: 'en', state: 'ended', starts_at: iso(born - 90 * minute), live_at: iso(born - 90 * minute), ended_at: iso(born - minute),
    })); // prettier-ignore
  }
  reset();

  const rooms = new Rooms({ broadcasts });
  const studio = new Studio({ media, broadcasts, streams, addLive, liveUrls, replayUrls, made });

  const order = { live: 0, scheduled: 1, ended: 2, replay: 2 };
  const list = () =>
    [...broadcasts.values()].filter((value) => value.hidden !== true).sort((a, b) => {
      const by = order[a.state] - order[b.state];
      if (by !== 0) return by;
      const time = (value) => Date.parse(value.starts_at ?? '') || Infinity;
      return a.state === 'scheduled' ? time(a) - time(b) : time(b) - time(a);
    }); // prettier-ignore

  function json(response, status, body, headers = {}) {
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
    response.end(JSON.stringify(body));
  }
  const refuse = (response, status, code, message = code) =>
    json(response, status, { error: { code, message, id: '5eed0bad' } }, status === 429 ? { 'retry-after': '2' } : {});

  async function page(response, name) {
    response.writeHead(200, {
      'content-type': types['.html'],
      'cache-control': 'no-cache',
      'content-security-policy': policy,
    });
    response.end(await readFile(join(dist, name)));
  }

  function blob(request, response, body, type, seconds = 60) {
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const headers = { 'content-type': type, 'cache-control': `max-age=${seconds}`, 'accept-ranges': 'bytes' };
    if (range === null) {
      response.writeHead(200, { ...headers, 'content-length': body.length });
      response.end(body);
      return;
    }
    const from = Number(range[1]);
    const to = range[2] === '' ? body.length - 1 : Math.min(Number(range[2]), body.length - 1);
    response.writeHead(206, {
      ...headers,
      'content-length': to - from + 1,
      'content-range': `bytes ${from}-${to}/${body.length}`,
    });
    response.end(body.subarray(from, to + 1));
  }

  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

  async function hls(response, path, query) {
    const [, , id, ...rest] = path.split('/');
    const stream = streams.get(id);
    const broadcast = broadcasts.get(id);
    const name = rest[rest.length - 1];
    const playlist = (text) => {
      response.writeHead(200, { 'content-type': 'application/vnd.apple.mpegurl', 'cache-control': 'no-cache' });
      response.end(text);
    };
    if (
      stream === undefined ||
      broadcast === undefined ||
      (broadcast?.state === 'scheduled' && broadcast.preview == null)
    )
      return refuse(response, 404, 'not_found');
    if (rest.length === 1) {
      const kind = /^(live|dvr|replay)\.m3u8$/.exec(name)?.[1];
      return kind === undefined ? refuse(response, 404, 'not_found') : playlist(stream.multivariant(kind));
    }
    const rendition = rest[0];
    if (rendition !== 'audio' && !renditions.some((one) => one.name === rendition))
      return refuse(response, 404, 'not_found');
    if (name === 'live.m3u8') {
      if (query.has('_HLS_msn')) {
        const part = query.get('_HLS_part');
        const wait = stream.wait(Number(query.get('_HLS_msn')), part === null ? undefined : Number(part));
        if (wait === null) return refuse(response, 400, 'invalid', '_HLS_msn is too far ahead');
        await sleep(wait);
        if (outage()) return response.destroy();
      }
      return playlist(stream.livePlaylist(rendition));
    }
    if (name === 'dvr.m3u8') return playlist(stream.dvrPlaylist(rendition, 4 * 3600));
    if (name === 'replay.m3u8') return playlist(stream.replayPlaylist(rendition, replaySeconds));
    return refuse(response, 404, 'not_found');
  }

  async function mediaBytes(request, response, path) {
    const [, , id, rendition, name] = path.split('/');
    const stream = streams.get(id);
    const hinted = /^(\d+)\.(\d+)\.m4s$/.exec(name ?? '');
    if (stream !== undefined && hinted !== null) {
      const wait = stream.wait(Number(hinted[1]), Number(hinted[2]));
      if (wait === null) return refuse(response, 404, 'not_found');
      await sleep(wait);
    }
    if (outage()) return response.destroy();
    const body = stream?.bytes(rendition, name) ?? null;
    if (body === null) return refuse(response, 404, 'not_found');
    blob(request, response, body, 'video/mp4');
  }

  const outage = () => Date.now() < fault.outageUntil;

  async function control(request, response, path) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
    switch (path) {
      case '/__mock/reset':
        reset();
        studio.reset();
        rooms.reset();
        break;
      case '/__mock/outage':
        fault.outageUntil = Date.now() + body.ms;
        if (body.ms > 0) for (const socket of sockets) socket.destroy();
        studio.dropSockets();
        rooms.dropSockets();
        return; // this connection went with the others
      case '/__mock/fail': // {prefix, status (0: none any more), code}
        if (body.status === 0) fault.failing.delete(body.prefix);
        else fault.failing.set(body.prefix, body);
        break;
      case '/__mock/broadcast': // {id, …fields}: made or changed
        broadcasts.set(body.id, made(body.id, { ...broadcasts.get(body.id), ...body }));
        break;
      case '/__mock/remove':
        for (const id of body.ids ?? [...broadcasts.keys()]) broadcasts.delete(id);
        break;
      case '/__mock/live':
        addLive(body.id, Date.now() - (body.ago_ms ?? 0), {
          ...(broadcasts.get(body.id)?.title && { title: broadcasts.get(body.id).title }),
        });
        break;
      case '/__mock/end': {
        const stream = streams.get(body.id);
        stream.endedAt = Date.now();
        const ready = body.replay === true;
        Object.assign(broadcasts.get(body.id), {
          state: ready ? 'replay' : 'ended', ended_at: iso(Date.now()), live: null, replay: ready ? replayUrls(body.id) : null,
        }); // prettier-ignore
        break;
      }
      case '/__mock/room':
        rooms.misbehave(body);
        break;
      case '/__mock/studio':
        studio.misbehave(body);
        break;
      case '/__mock/moderation':
        return json(response, 200, studio.moderation.control(body));
      case '/__mock/desk':
        return json(response, 200, studio.desk.control(body, studio));
      default:
        return refuse(response, 404, 'not_found');
    }
    json(response, 200, { ok: true });
  }

  async function answer(request, response) {
    const url = new URL(request.url, 'http://mock');
    const path = decodeURIComponent(url.pathname);
    if (path.startsWith('/__mock/')) return control(request, response, path);
    if (outage() && /^\/(api|hls|media|thumb)\//.test(path)) return request.socket.destroy();
    for (const [prefix, failure] of fault.failing) {
      if (path.startsWith(prefix)) return refuse(response, failure.status, failure.code ?? 'failed', failure.message);
    }
    if (path === '/') return page(response, 'index.html');
    if (/^\/(watch|embed)\/[^/]+\/?$/.test(path)) return page(response, 'watch.html');
    const inside = /^\/(studio|moderate|desk)(\/|$)/.exec(path)?.[1];
    if (inside !== undefined) return page(response, `${inside}.html`);
    if (path.startsWith('/assets/')) {
      const file = join(dist, path);
      if (!file.startsWith(dist) || !existsSync(file) || !statSync(file).isFile())
        return refuse(response, 404, 'not_found');
      response.writeHead(200, {
        'content-type': types[extname(file)] ?? 'application/octet-stream',
        'cache-control': 'max-age=31536000, immutable',
      });
      return createReadStream(file).pipe(response);
    }
    if (path === '/api/v1/time') return json(response, 200, { now: iso(Date.now()), ms: Date.now() });
    if (path === '/api/v1/broadcasts') return json(response, 200, { site, broadcasts: list() });
    const one = /^\/api\/v1\/broadcasts\/([^/]+)$/.exec(path);
    if (one !== null) {
      const found = broadcasts.get(one[1]);
      return found === undefined ? refuse(response, 404, 'not_found') : json(response, 200, { ...found, site });
    }
    const minute = /^\/api\/v1\/broadcasts\/([^/]+)\/comments$/.exec(path);
    if (minute !== null && broadcasts.has(minute[1]))
      return json(response, 200, rooms.minute(minute[1], Number(url.searchParams.get('minute'))));
    if (path.startsWith('/api/v1/')) return studio.answer(request, response, path);
    if (/^\/hls\/[^/]+\/replay\.mp4$/.test(path)) {
      if (!exportsSince.has(path)) exportsSince.set(path, Date.now());
      const progress = (Date.now() - exportsSince.get(path)) / 1500;
      if (progress < 1) return json(response, 202, { state: 'preparing', progress }, { 'retry-after': '1' });
      return blob(request, response, media.mp4, 'video/mp4');
    }
    if (path.startsWith('/hls/')) return hls(response, path, url.searchParams);
    if (path.startsWith('/media/')) return mediaBytes(request, response, path);
    if (/^\/thumb\/[^/]+\/poster\.jpg$/.test(path)) return blob(request, response, media.poster, 'image/jpeg');
    const thumb = /^\/thumb\/[^/]+\/(\d+)\.jpg$/.exec(path);
    if (thumb !== null)
      return blob(
        request,
        response,
        media.thumbs[Math.floor(Number(thumb[1]) / 10_000) % media.thumbs.length],
        'image/jpeg',
      );
    refuse(response, 404, 'not_found');
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      console.error(request.url, error);
      if (!response.headersSent) refuse(response, 500, 'internal', String(error));
    });
  });
  server.on('upgrade', (request, socket, head) => {
    if (outage()) socket.destroy();
    else if (!rooms.upgrade(request, socket, head)) studio.upgrade(request, socket, head);
  });
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise((ready) => server.listen(port, '127.0.0.1', ready));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** Lets people talk, as in the demo. */
    talk: (id, ms) => rooms.misbehave({ id, talk: ms, crowd: 1284 }),
    async close() {
      studio.close();
      rooms.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url, talk } = await startMock({ port: Number(process.argv[2] ?? 28080) });
  talk('court', 1500);
  console.log(
    `mock hub: ${url}/  ${url}/watch/court  ${url}/studio/  ${url}/moderate/#/b/court (chief, mock-password)  ${url}/desk/ (kai)`,
  );
  await fetch(`${url}/__mock/moderation`, { method: 'POST', body: JSON.stringify({ flow: 6 }) });
}
