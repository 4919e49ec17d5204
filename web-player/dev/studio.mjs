// The mock's control side: session, broadcasts, venues, takes and the event socket, as docs/API.md has them.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { WebSocketServer } from 'ws';
import { Desk } from './desk.mjs';
import { venues as madeVenues } from './media.mjs';
import { Moderation } from './moderation.mjs';

export const token = 'mock-admin-token';
/** Of chief, who may do all that the studio has. */
export const password = 'mock-password';
const grants = [
  ['own-account', ['admin', 'producer', 'moderator', 'officer']],
  ['see-broadcasts', ['admin', 'producer', 'moderator', 'officer']],
  ['run-broadcasts', ['admin', 'producer']],
  ['manage-venues', ['admin', 'producer']],
  ['moderate', ['admin', 'moderator']],
  ['read-tips', ['officer']],
  ['manage-people', ['admin']],
  ['read-audit', ['admin']],
];
const rightsOf = (roles) => grants.filter(([, of]) => of.some((role) => roles.includes(role))).map(([name]) => name);
const admin = '/api/v1/admin/';

function loadLayouts() {
  const folder = new URL('../../pipelines/layouts/', import.meta.url);
  const order = ['full', 'side-by-side', 'pip', 'grid', 'lecture'];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const { labels, overlap = false, tiles } = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
      const arrangements = Object.entries(tiles).map(([count, list]) => ({
        venues: Number(count),
        tiles: list.map(([x, y, w, h]) => ({ x, y, w, h })),
      }));
      return { id: name.replace('.json', ''), labels, overlap, arrangements };
    })
    .sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
}

export class Studio {
  constructor(hub) {
    this.hub = hub;
    this.layouts = loadLayouts();
    this.sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'openday-control-1' });
    this.clients = new Map();
    this.moderation = new Moderation(hub);
    this.desk = new Desk(hub);
    this.session = randomBytes(8).toString('hex');
    this.tick = 0;
    this.timer = setInterval(() => this.beat(), 100);
    this.reset();
  }

  reset() {
    this.tries = 0;
    this.moderation.reset();
    this.desk.reset();
    this.faults = {};
    this.extra = new Map();
    this.me = 'chief';
    this.people = new Map(
      [
        { id: 'chief', name: '王主任 Chief Wang', roles: ['admin', 'producer'], must_change_password: false, disabled: false },
        { id: 'li', name: '李导播 Li', roles: ['producer'], must_change_password: true, disabled: false },
        { id: 'zhao', name: '赵 Zhao', roles: ['moderator', 'officer'], must_change_password: false, disabled: true },
        { id: 'wei', name: '魏审核 Wei', roles: ['moderator'], must_change_password: false, disabled: false },
        { id: 'kai', name: '凯 Kai', roles: ['officer'], must_change_password: false, disabled: false },
        { id: 'bo', name: '薄警官 Bo', roles: ['officer'], must_change_password: false, disabled: false },
        { id: 'lin', name: '林 Lin', roles: ['officer'], must_change_password: true, disabled: false },
      ].map((person) => [person.id, person]),
    ); // prettier-ignore
    this.passwords = new Map([...this.people.keys()].map((id) => [id, password]));
    this.audit = Array.from({ length: 60 }, (_, i) => ({
      number: 60 - i,
      time: new Date(Date.now() - i * 3_600_000).toISOString(),
      by: i % 3 === 0 ? 'admin' : 'chief',
      via: i % 3 === 0 ? 'token' : 'session',
      action: ['broadcast.go_live', 'person.add', 'venue.key'][i % 3],
      subject: ['court', 'li', 'hall-a'][i % 3],
      detail: i % 3 === 1 ? { name: '李导播 Li', roles: 'producer' } : null,
    }));
    this.venues = new Map(
      madeVenues.map(({ id, name }) => [
        id,
        { id, name, source: { kind: 'ingest' }, av_offset_ms: 0, backup: null, has_key: true },
      ]),
    );
    this.venues.set('car', {
      id: 'car', name: '巡逻车 Patrol car', source: { kind: 'pull', url: 'rtsp://203.0.113.7/cam' }, av_offset_ms: 80, backup: null, has_key: false,
    }); // prettier-ignore
    const live = this.hub.broadcasts.get('court');
    const more = (state, fields) => ({
      state, hidden: false, house: { width: 1280, height: 720, fps: 30 }, scene: null, mix: { venues: {} }, targets: [], preview: null, ...fields,
    }); // prettier-ignore
    live.venues = [...live.venues.slice(0, 3), { id: 'car', name: '巡逻车 Patrol car' }];
    this.extra.set('court', more('live', {
      scene: { layout: 'lecture', venues: ['hall-a', 'hall-b', 'remote'], follow_audio: true },
      targets: [
        { id: 'city', name: '市政务新媒体', url: 'rtmp://203.0.113.20/live', rendition: '720p', enabled: true, has_key: true },
        { id: 'archive', name: 'Archive (SRT)', url: 'srt://203.0.113.21:9000', rendition: null, enabled: true, has_key: true },
      ],
    })); // prettier-ignore
    for (const id of ['patrol', 'openday', 'undated']) this.extra.set(id, more('scheduled'));
    for (const id of ['hearing', 'academy', 'library', 'ended']) this.extra.set(id, more('ended'));
  }

  close() {
    clearInterval(this.timer);
    this.dropSockets();
    this.sockets.close();
    this.moderation.close();
    this.desk.close();
  }

  dropSockets() {
    for (const socket of this.clients.keys()) socket.terminate();
    this.moderation.dropSockets();
    this.desk.dropSockets();
  }

  /** {take: 'fail' | 'slow', end: 'fail', viewers, viewers_at_least, slots: {venue: state}, engine, silent} */
  misbehave(faults) {
    Object.assign(this.faults, faults);
  }

  broadcast(id) {
    const base = this.hub.broadcasts.get(id);
    return base === undefined ? undefined : { ...base, ...this.extra.get(id) };
  }

  status(id) {
    const broadcast = this.broadcast(id);
    const onAir = broadcast.scene?.slate ? [] : (broadcast.scene?.venues ?? []);
    const running = broadcast.state === 'live' || broadcast.state === 'rehearsal';
    const wobble = (base, by) => Math.round(base + by * Math.sin(this.tick / 17));
    return {
      t: 'status',
      now: Date.now(),
      engine: this.faults.engine ?? (running ? 'running' : 'down'),
      viewers: this.faults.viewers ?? wobble(12431, 9),
      tick: this.tick * 3,
      viewers_at_least: this.faults.viewers_at_least ?? false,
      late_ms: 2,
      dropped_ticks: this.faults.dropped_ticks ?? 0,
      scene: running ? broadcast.scene : null,
      slots: broadcast.venues.map((venue, slot) => {
        const state = this.faults.slots?.[venue.id] ?? (venue.id === 'car' ? 'waiting' : 'live');
        return {
          slot, venue: venue.id, state: state === 'live' ? 'live' : state === 'waiting' ? 'none' : 'lost',
          on_air: onAir.includes(venue.id), peak_db: [-18, -19],
          feed: state === 'live' ? {
            state,
            source: { video: { codec: 'h264', width: 1280, height: 720, fps: 30 }, audio: { codec: 'aac', rate: 48000, channels: 2 } },
            stats: { kbps: wobble(2480 + slot * 130, 60), dropped: 0, jitter_ms: 4, av_offset_ms: 3 },
          } : { state },
        };
      }),
      program: { peak_db: [-14, -14], lufs: -23 },
      encoders: ['720p', '480p', '360p'].map((rendition, i) => ({
        rendition, fps: 30, speed: 1, queue: 0, shed: 0, kbps: wobble([2400, 1200, 700][i], 40),
      })),
      targets: broadcast.targets.map((target, i) => ({
        id: target.id, state: target.enabled ? (i === 1 ? 'backoff' : 'live') : 'off', kbps: i === 1 ? 0 : 2510, why: i === 1 ? 'connection refused' : undefined,
      })),
      recording: running ? { state: 'recording', bytes: 3.1e9 + this.tick * 2e4, free_bytes: 182e9, dropped: 0 } : { state: 'off' },
      processes: [{ role: 'engine', id, pid: 1, state: 'ready', restarts: 0 }],
    }; // prettier-ignore
  }

  beat() {
    this.tick++;
    for (const [socket, id] of this.clients) {
      if (this.faults.silent || this.broadcast(id) === undefined) continue;
      const send = (event) => socket.send(JSON.stringify(event));
      const level = (i) => {
        const db = -20 + 9 * Math.sin(this.tick / 3 + i * 2) + 3 * Math.sin(this.tick * 1.7 + i);
        return [db, db - 1.5];
      };
      const venues = Object.fromEntries(
        this.broadcast(id).venues.map((venue, i) => [venue.id, venue.id === 'car' ? [-90, -90] : level(i)]),
      );
      send({ t: 'levels', venues, program: level(0) });
      if (this.tick % 10 === 0) send(this.status(id));
      if (this.tick % 5 === 0) {
        for (const venue of this.broadcast(id).venues) send({ t: 'thumbnail', venue: venue.id, n: this.tick });
        send({ t: 'thumbnail', venue: null, n: this.tick });
      }
    }
  }

  tell(id, event) {
    for (const [socket, of] of this.clients) if (of === id && !this.faults.silent) socket.send(JSON.stringify(event));
  }

  allowed(request) {
    return (
      request.headers.authorization === `Bearer ${token}` ||
      (request.headers.cookie ?? '').includes(`openday=${this.session}`)
    );
  }

  /** Whose session it is; of an account that a reset took away, and with the token, the last who logged in. */
  personOf(request) {
    const id = /openday=[0-9a-f]+\.([a-z0-9-]+)/.exec(request.headers.cookie ?? '')?.[1];
    return this.people.get(id) ?? this.people.get(this.me);
  }

  upgrade(request, socket, head) {
    if (this.moderation.upgrade(request, socket, head, this.allowed(request))) return;
    if (this.desk.upgrade(request, socket, head, this.allowed(request))) return;
    const id = /^\/api\/v1\/admin\/broadcasts\/([^/]+)\/events$/.exec(request.url)?.[1];
    if (id === undefined || !this.allowed(request) || this.broadcast(id) === undefined || this.faults.refuseSocket) {
      socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
      return;
    }
    this.sockets.handleUpgrade(request, socket, head, (client) => {
      this.clients.set(client, id);
      client.on('close', () => this.clients.delete(client));
      client.send(JSON.stringify(this.status(id)));
    });
  }

  async answer(request, response, path) {
    const json = (status, body, headers = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
      response.end(status === 204 ? undefined : JSON.stringify(body));
    };
    const refuse = (status, code, message, headers) =>
      json(status, { error: { code, message, id: '5eed0bad' } }, headers);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
    const { method } = request;
    if (method !== 'GET' && request.headers['x-openday'] !== '1' && request.headers.authorization === undefined) {
      return refuse(403, 'refused', 'X-Openday is missing');
    }
    if (path === '/api/v1/session') {
      if (method === 'POST') {
        if (++this.tries > 5) return refuse(429, 'busy', 'too many tries', { 'retry-after': '42' });
        const person = this.people.get(body.name);
        if (person === undefined || person.disabled || this.passwords.get(body.name) !== body.password)
          return refuse(401, 'unauthorized', 'name or password is wrong');
        this.tries = 0;
        this.me = person.id;
        this.desk.open = true;
        return json(
          200,
          { person },
          { 'set-cookie': `openday=${this.session}.${person.id}; HttpOnly; SameSite=Strict; Path=/` },
        );
      }
      if (method === 'DELETE') return json(204, null, { 'set-cookie': 'openday=; Max-Age=0; Path=/' });
      if (!this.allowed(request)) return refuse(401, 'unauthorized', 'log in');
      const person = this.personOf(request);
      return json(200, { via: 'session', person, rights: rightsOf(person.roles) });
    }
    if (path === '/api/v1/session/password' && method === 'PUT') {
      if (!this.allowed(request)) return refuse(401, 'unauthorized', 'log in');
      const person = this.personOf(request);
      if (this.passwords.get(person.id) !== body.present)
        return refuse(403, 'refused', 'the present password is wrong');
      this.passwords.set(person.id, body.new);
      person.must_change_password = false;
      return json(204, null);
    }
    if (path === '/api/v1/desk' || path.startsWith('/api/v1/desk/')) {
      if (!this.allowed(request)) return refuse(401, 'unauthorized', 'log in');
      const { searchParams } = new URL(request.url, 'http://x');
      const person = this.personOf(request);
      return this.desk.answer({
        method,
        path,
        query: searchParams,
        body,
        person,
        studio: this,
        json,
        refuse,
        response,
      });
    }
    if (!path.startsWith(admin)) return refuse(404, 'not_found', path);
    if (!this.allowed(request)) return refuse(401, 'unauthorized', 'log in');
    const [kind, id, verb, item] = path.slice(admin.length).split('/');
    const { searchParams: query } = new URL(request.url, 'http://x');
    if (kind === 'layouts') return json(200, { layouts: this.layouts });
    if (kind === 'people') return this.peopleRequest({ method, id, verb, body, json, refuse });
    if (kind === 'audit') {
      const before = Number(query.get('before')) || Infinity;
      const entries = this.audit.filter((entry) => entry.number < before).slice(0, 50);
      return json(200, { entries });
    }
    const person = this.personOf(request);
    if (kind === 'word-lists') return this.moderation.wordLists({ method, name: id, body, person, json, refuse });
    if (kind === 'venues') return this.venueRequest({ method, id, verb, body, json, refuse, response });
    if (kind === 'broadcasts') {
      const asked = { method, id, verb, item, body, query, person, json, refuse };
      if ((await this.moderation.answer(asked)) !== false) return;
    }
    if (kind === 'broadcasts') return this.broadcastRequest({ method, id, verb, item, body, json, refuse, response });
    return refuse(404, 'not_found', path);
  }

  peopleRequest({ method, id, verb, body, json, refuse }) {
    if (id === undefined && method === 'GET') return json(200, { people: [...this.people.values()] });
    const password = randomBytes(8).toString('hex');
    if (id === undefined) {
      if (this.people.has(body.id)) return refuse(409, 'conflict', `there is a person ${body.id} already`);
      this.people.set(body.id, { ...body, must_change_password: true, disabled: false });
      this.passwords.set(body.id, password);
      return json(201, { ...this.people.get(body.id), password });
    }
    const person = this.people.get(id);
    if (person === undefined) return refuse(404, 'not_found', id);
    if (verb === 'password') {
      person.must_change_password = true;
      this.passwords.set(id, password);
      return json(200, { ...person, password });
    }
    if (method === 'PATCH') Object.assign(person, body);
    return json(200, person);
  }

  venueRequest({ method, id, verb, body, json, refuse, response }) {
    if (id === undefined) {
      if (method === 'GET') return json(200, { venues: [...this.venues.values()] });
      const made = body.id ?? `venue-${createHash('sha1').update(body.name).digest('hex').slice(0, 6)}`;
      this.venues.set(made, {
        id: made,
        av_offset_ms: 0,
        backup: null,
        has_key: false,
        source: { kind: 'ingest' },
        ...body,
      });
      return json(200, this.venues.get(made));
    }
    const venue = this.venues.get(id);
    if (venue === undefined) return refuse(404, 'not_found', id);
    if (verb === 'thumbnail.jpg') {
      const pictures = this.hub.media.venuePictures.get(id);
      if (pictures === undefined) return refuse(404, 'not_found', 'no picture yet');
      response.writeHead(200, { 'content-type': 'image/jpeg', 'cache-control': 'no-store' });
      return response.end(pictures[Math.floor(this.tick / 5) % pictures.length]);
    }
    if (verb === 'key') {
      venue.has_key = true;
      return json(200, {
        rtmp: { url: 'rtmp://live.example.org/live', stream_key: `${id}?key=${randomBytes(16).toString('hex')}` },
        rtmps: {
          url: 'rtmps://live.example.org:1936/live',
          stream_key: `${id}?key=${randomBytes(16).toString('hex')}`,
        },
        srt: {
          url: 'srt://live.example.org:9000',
          stream_id: `#!::r=${id},m=publish`,
          passphrase: randomBytes(12).toString('base64url'),
        },
      });
    }
    if (method === 'DELETE') this.venues.delete(id);
    if (method === 'PATCH') Object.assign(venue, body);
    return json(200, venue);
  }

  broadcastRequest({ method, id, verb, item, body, json, refuse, response }) {
    const named = (ids) => ids.map((one) => ({ id: one, name: this.venues.get(one)?.name ?? one }));
    if (id === undefined) {
      if (method === 'GET')
        return json(200, { broadcasts: [...this.hub.broadcasts.keys()].map((one) => this.broadcast(one)) });
      const made = body.id ?? `b-${randomBytes(3).toString('hex')}`;
      if (this.hub.broadcasts.has(made)) return refuse(409, 'conflict', `${made} exists`);
      const { venues = [], house = null, hidden = false, ...fields } = body;
      this.hub.broadcasts.set(made, this.hub.made(made, { ...fields, hidden, poster: null, venues: named(venues) }));
      this.extra.set(made, {
        state: 'scheduled',
        hidden,
        house,
        scene: null,
        mix: { venues: {} },
        targets: [],
        preview: null,
      });
      return json(200, this.broadcast(made));
    }
    const base = this.hub.broadcasts.get(id);
    const extra = this.extra.get(id);
    if (base === undefined || extra === undefined) return refuse(404, 'not_found', id);
    const changed = () => {
      this.tell(id, { t: 'broadcast', ...this.broadcast(id) });
      json(200, this.broadcast(id));
    };
    const take = (scene) => {
      const confirm = () => {
        extra.scene = scene;
        const taken = { at: Date.now(), tick: this.tick * 3, scene };
        this.tell(id, { t: 'taken', ...taken });
        json(200, { ok: true, ...taken });
      };
      if (this.faults.take === 'fail') return refuse(503, 'unavailable', 'the engine did not confirm');
      if (this.faults.take === 'slow') return void setTimeout(confirm, 1500);
      return void setTimeout(confirm, 40);
    };
    switch (verb) {
      case undefined:
        if (method === 'DELETE') {
          this.hub.broadcasts.delete(id);
          return json(204, null);
        }
        if (method === 'PATCH') {
          const { venues, house, hidden, ...fields } = body;
          Object.assign(base, fields, venues === undefined ? {} : { venues: named(venues) });
          if (house !== undefined) extra.house = house;
          if (hidden !== undefined) base.hidden = extra.hidden = hidden;
          return changed();
        }
        return json(200, this.broadcast(id));
      case 'rehearse':
        if (body.on === false) {
          Object.assign(extra, { state: 'scheduled', preview: null, scene: null });
          this.hub.broadcasts.get(id).preview = null;
          return changed();
        }
        this.hub.addLive(id, Date.now(), { ...base, state: 'scheduled', live: null, live_at: null });
        Object.assign(extra, { state: 'rehearsal', preview: { hls: this.hub.liveUrls(id).hls } });
        extra.scene = { layout: 'full', venues: base.venues.slice(0, 1).map((venue) => venue.id), follow_audio: true };
        this.hub.broadcasts.get(id).preview = extra.preview;
        return changed();
      case 'go-live':
        Object.assign(base, { state: 'live', live_at: new Date().toISOString(), live: this.hub.liveUrls(id) });
        Object.assign(extra, { state: 'live', preview: null });
        return changed();
      case 'end':
        if (this.faults.end === 'fail') return refuse(503, 'unavailable', 'the books cannot be written');
        if (extra.state !== 'live') return refuse(409, 'conflict', `cannot end: it is ${extra.state}`);
        if (body.confirm !== id && body.confirm !== base.title) return refuse(400, 'invalid', 'confirm does not match');
        Object.assign(base, {
          state: 'replay',
          ended_at: new Date().toISOString(),
          live: null,
          replay: this.hub.replayUrls(id),
        });
        Object.assign(extra, { state: 'ended', preview: null });
        return changed();
      case 'take':
        return take(body);
      case 'slate':
        if (body.on) extra.before = extra.scene;
        return take(body.on ? { ...extra.scene, slate: true } : (extra.before ?? { ...extra.scene, slate: false }));
      case 'mix':
        for (const [venue, mix] of Object.entries(body.venues))
          extra.mix.venues[venue] = { ...extra.mix.venues[venue], ...mix };
        return changed();
      case 'targets': {
        if (method === 'GET') return json(200, { targets: extra.targets });
        const { key, ...fields } = body;
        if (method === 'POST')
          extra.targets.push({
            id: `t-${extra.targets.length}`,
            rendition: null,
            has_key: key !== undefined,
            ...fields,
          });
        if (method === 'PATCH') Object.assign(extra.targets.find((target) => target.id === item) ?? {}, fields);
        return changed();
      }
      case 'status':
        return json(200, this.status(id));
      case 'program.jpg':
        response.writeHead(200, { 'content-type': 'image/jpeg', 'cache-control': 'no-store' });
        return response.end(this.hub.media.thumbs[Math.floor(this.tick / 5) % this.hub.media.thumbs.length]);
      default:
        return refuse(404, 'not_found', verb);
    }
  }
}
