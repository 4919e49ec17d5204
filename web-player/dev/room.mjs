// The mock's rooms: docs/ROOM.md as far as the watch page needs it, people who talk, and faults on demand (POST /__mock/room).

import { randomBytes } from 'node:crypto';
import { WebSocketServer } from 'ws';

const minute = 60_000;
const history = 200;
const keeps = 2000;

const names = ['小雨', 'Wei', '', '老张', 'Ana', '阿宁', 'Sam', '', '月月', '陈同学', 'Liu', '法学院小李'];
const lines = [
  '法官讲得很清楚', '加油', 'First time I see a courtroom from inside', '请问旁听需要预约吗？', '加油', '声音很清晰', '主持人辛苦了',
  'The interpreter is great', '三个法庭一起看，好方便', '原来庭审是这样的', '加油', '可以回看吗？', 'Greetings from Chengdu', '学到了',
  '证据展示那一段能再讲一下吗，刚才没有听清楚', '支持阳光司法', 'Is there a schedule for the afternoon?', '打卡', '孩子看得很认真', '加油',
]; // prettier-ignore

/** Eight hex digits for each of the twelve who talk. */
const authorOf = (i) => (((i % 12) * 2654435761 + 0x3f2a1b77) >>> 0).toString(16).padStart(8, '0');

const rules = [
  { rule: 'link', find: /(?:https?:\/\/|www\.)\S+/i },
  { rule: 'phone', find: /1[3-9]\d[ -]?\d{4}[ -]?\d{4}/ },
  { rule: 'word:ads', find: /加微信|代写|casino/i },
  { rule: 'word:insults', find: /去死|drop dead/i, refuses: true },
];

export class Rooms {
  /** hub: broadcasts. */
  constructor(hub) {
    this.hub = hub;
    this.sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'openday-room-1', maxPayload: 4096 });
    this.reset();
    this.timer = setInterval(() => this.beat(), 250);
  }

  reset() {
    for (const room of this.rooms?.values() ?? []) for (const client of room.clients) client.terminate();
    this.rooms = new Map();
  }

  close() {
    clearInterval(this.timer);
    this.dropSockets();
    this.sockets.close();
  }

  dropSockets() {
    for (const room of this.rooms.values()) for (const client of room.clients) client.terminate();
  }

  room(id) {
    let room = this.rooms.get(id);
    if (room === undefined) {
      room = {
        id, epoch: randomBytes(4).toString('hex'), log: [], comments: [], ids: 0, clients: new Set(), viewers: new Map(), refs: new Map(),
        mode: 'open', slow_s: 0, pinned: null, reactions: {}, talk: 0, hold: null, refuse: null, crowd: 0, lastSay: 0, counted: -1, countedAt: 0,
      }; // prettier-ignore
      this.rooms.set(id, room);
      this.seed(room);
    }
    return room;
  }

  /** What was said before anybody came: every seven seconds, of the last ten minutes or the whole recording. */
  seed(room) {
    const broadcast = this.hub.broadcasts.get(room.id);
    const from = Date.parse(broadcast?.live_at ?? '');
    if (!Number.isFinite(from) || broadcast.quiet === true) return;
    const to = Date.parse(broadcast.ended_at ?? '') || Date.now();
    const first = Math.max(from + 2000, to - 10 * minute);
    for (let at = first, i = 0; at < to; at += 7000, i++) {
      const staff = i % 23 === 5 ? 'moderator' : undefined;
      this.publish(room, {
        at, moment: at, by: authorOf(i), name: staff ? '直播间管理员' : names[i % names.length], staff,
        text: staff ? '请文明发言，不要公开个人信息。' : lines[i % lines.length],
      }); // prettier-ignore
    }
    const pinned = room.comments.find((one) => one.staff !== undefined);
    if (pinned !== undefined && broadcast.state === 'live') {
      room.pinned = {
        ...pinned,
        text: '欢迎来到公众开放日！下一场讲解 15:00 开始，提问请写在评论里。The next tour begins at 15:00.',
      };
    }
  }

  state(room) {
    const open = this.hub.broadcasts.get(room.id)?.state === 'live';
    const { mode, slow_s, pinned } = room;
    return { mode, open, slow_s, max_text: 200, pinned, reactions: ['like', 'clap', 'heart', 'flower'] };
  }

  emit(room, ...events) {
    const from = room.log.length;
    room.log.push(...events);
    this.tell(room, { t: 'events', from, events });
  }

  tell(room, message) {
    const text = JSON.stringify(message);
    for (const client of room.clients) if (client.viewer !== undefined) client.send(text);
  }

  publish(room, fields) {
    const now = Date.now();
    const comment = { id: ++room.ids, at: now, moment: now, by: 'ffff0000', name: '', text: '', ...fields };
    if (comment.staff === undefined) delete comment.staff;
    room.comments.push(comment);
    this.emit(room, { k: 'comment', ...comment });
    return comment;
  }

  beat() {
    this.beats = (this.beats ?? 0) + 1;
    for (const room of this.rooms.values()) {
      if (room.talk > 0 && Date.now() - room.lastSay >= room.talk) {
        room.lastSay = Date.now();
        const i = Math.floor(Math.random() * 1000);
        this.publish(room, {
          by: authorOf(i), name: names[i % names.length], text: lines[i % lines.length],
        }); // prettier-ignore
        if (i % 4 === 0) room.reactions.like = (room.reactions.like ?? 0) + (i % 9);
      }
      // At most once a second when there is something new, else every 15 s.
      if (this.beats % 4 !== 0) continue;
      const viewers = room.clients.size + room.crowd;
      const news = viewers !== room.counted || Object.keys(room.reactions).length > 0;
      if (!news && this.beats - room.countedAt < 60) continue;
      this.tell(room, { t: 'counts', viewers, reactions: room.reactions });
      Object.assign(room, { counted: viewers, countedAt: this.beats, reactions: {} });
    }
  }

  upgrade(request, socket, head) {
    const id = /^\/api\/v1\/broadcasts\/([^/]+)\/room$/.exec(request.url)?.[1];
    if (id === undefined) return false;
    if (this.hub.broadcasts.get(id) === undefined) {
      socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
      return true;
    }
    this.sockets.handleUpgrade(request, socket, head, (client) => {
      const room = this.room(id);
      room.clients.add(client);
      client.on('close', () => room.clients.delete(client));
      client.on('message', (data) => this.take(room, client, JSON.parse(data.toString())));
    });
    return true;
  }

  take(room, client, message) {
    const say = (value) => client.send(JSON.stringify(value));
    const { ref } = message;
    if (message.t === 'join') {
      const token = message.token ?? randomBytes(8).toString('hex');
      let viewer = room.viewers.get(token);
      if (viewer === undefined) {
        viewer = { by: randomBytes(4).toString('hex'), name: '', lastAt: 0, banned: null };
        room.viewers.set(token, viewer);
      }
      viewer.name = message.name ?? viewer.name;
      client.viewer = viewer;
      const asked = message.since;
      const since = asked?.epoch !== room.epoch ? 'fresh' : room.log.length - asked.offset > keeps ? 'gap' : 'resumed';
      const from = since === 'resumed' ? asked.offset : Math.max(0, room.log.length - history);
      say({
        t: 'welcome', v: 1, token, viewer: viewer.by, name: viewer.name, staff: null, epoch: room.epoch, now: Date.now(),
        room: this.state(room), viewers: room.clients.size + room.crowd, banned: viewer.banned, since,
      }); // prettier-ignore
      say({ t: 'events', from, events: room.log.slice(from) });
      for (const id of message.mine ?? []) {
        const decision = room.decided?.[id];
        if (decision !== undefined && decision.state !== 'published') say({ t: 'decided', id, ...decision });
      }
      return undefined;
    }
    const { viewer } = client;
    if (viewer === undefined) return client.close(1008);
    if (message.t === 'react') {
      room.reactions[message.kind] = (room.reactions[message.kind] ?? 0) + (message.n ?? 1);
      return undefined;
    }
    const refuse = (code, more = {}) => say({ t: 'refused', ref, code, message: code, ...more });
    if (message.t === 'name') {
      if (/管理员|审核员|moderator/i.test(message.name)) return refuse('rule', { why: { rule: 'name' } });
      viewer.name = message.name;
      return say({ t: 'ack', ref });
    }
    // A second one, too: it is known.
    if (message.t === 'report') return say({ t: 'ack', ref });
    if (message.t !== 'comment') return refuse('invalid');
    const key = `${viewer.by} ${ref}`;
    const before = room.refs.get(key);
    if (before !== undefined) {
      const decision = room.decided?.[before.id];
      if (before.state === 'refused' && decision === undefined)
        return refuse('rule', { id: before.id, why: before.why });
      say({ t: 'ack', ref, ...before, state: before.state === 'published' ? 'published' : 'held' });
      return decision === undefined ? undefined : say({ t: 'decided', id: before.id, ...decision });
    }
    if (viewer.banned !== null) return refuse('banned');
    if (!this.state(room).open || room.mode === 'closed') return refuse('closed');
    const wait = viewer.lastAt + room.slow_s * 1000 - Date.now();
    if (wait > 0) return refuse('slow_mode', { retry_ms: wait });
    if (room.refuse !== null) return refuse(room.refuse.code, room.refuse);
    const found = rules
      .map(({ rule, find, refuses }) => [rule, find.exec(message.text), refuses])
      .filter(([, match]) => match !== null)
      .sort(([, , a], [, , b]) => Number(b === true) - Number(a === true))[0];
    const refused = found?.[2] === true;
    // Slow mode does not begin with what a list refuses.
    if (!refused) viewer.lastAt = Date.now();
    const why =
      refused ? { rule: found[0], from: found[1].index, to: found[1].index + found[1][0].length }
      : room.mode === 'all' ? { rule: 'mode' }
      : room.hold !== null && message.text.includes(room.hold) ? { rule: 'word:test', from: message.text.indexOf(room.hold), to: message.text.indexOf(room.hold) + room.hold.length }
      : found !== undefined ? { rule: found[0], from: found[1].index, to: found[1].index + found[1][0].length }
      : null; // prettier-ignore
    const quoted = room.comments.find((one) => one.id === message.reply_to);
    const fields = {
      by: viewer.by, name: viewer.name, text: message.text, moment: Math.min(message.moment ?? Date.now(), Date.now()),
      ...(quoted !== undefined && { reply_to: { id: quoted.id, name: quoted.name, text: quoted.text.slice(0, 60) } }),
    }; // prettier-ignore
    if (why !== null) {
      const id = ++room.ids;
      room.refs.set(key, { id, state: refused ? 'refused' : 'held', why });
      room.held = { ...room.held, [id]: { ...fields, id, at: Date.now() } };
      if (refused) return refuse('rule', { id, why });
      return say({ t: 'ack', ref, id, state: 'held', why });
    }
    const made = this.publish(room, fields);
    room.refs.set(key, { id: made.id, state: 'published' });
    return say({ t: 'ack', ref, id: made.id, state: 'published' });
  }

  remove(room, id) {
    room.comments = room.comments.filter((one) => one.id !== id);
    room.log = room.log.map((event) => (event.k === 'comment' && event.id === id ? { k: 'gone' } : event));
    this.emit(room, { k: 'removed', id });
  }

  minute(id, asked) {
    const comments = this.room(id).comments.filter((one) => Math.floor(one.moment / minute) === asked);
    comments.sort((a, b) => a.moment - b.moment);
    return { minute: asked, comments: comments.slice(0, 300), left_out: Math.max(0, comments.length - 300) };
  }

  /**
   * {id, cut, resync, epoch, talk: ms, say: {…}, flood: n, text, remove: text, decide: {text, state, reason} (of held and refused ones, too), ban: Ban | null,
   *  pin: text | null, react: {kind: n}, crowd: n, clear} and the room's own mode, slow_s, hold, refuse.
   */
  misbehave(body) {
    const room = this.room(body.id);
    const settings = ['mode', 'slow_s'].some((key) => key in body);
    for (const key of ['mode', 'slow_s', 'hold', 'refuse', 'talk', 'crowd']) if (key in body) room[key] = body[key];
    if (settings) this.emit(room, { k: 'room', room: this.state(room) });
    if (body.clear === true) {
      room.comments = [];
      room.log = [];
      room.pinned = null;
    }
    if (body.say !== undefined) this.publish(room, { by: 'c0ffee00', name: 'Wei', ...body.say });
    for (let i = 0; i < (body.flood ?? 0); i++)
      this.publish(room, { by: (0xb0000000 + i).toString(16), text: body.text ?? `flood ${i}` });
    if (body.remove !== undefined) {
      for (const one of room.comments.filter(({ text }) => text === body.remove)) this.remove(room, one.id);
    }
    if (body.decide !== undefined) {
      const held = Object.values(room.held ?? {}).find((one) => one.text === body.decide.text);
      const { state, reason } = body.decide;
      if (held !== undefined && state === 'published') {
        room.comments.push(held);
        this.emit(room, { k: 'comment', ...held });
      }
      const id = held?.id ?? room.comments.find((one) => one.text === body.decide.text)?.id;
      if (state === 'removed') this.remove(room, id);
      room.decided = { ...room.decided, [id]: { state, reason } };
      this.tell(room, { t: 'decided', id, state, reason });
    }
    if ('ban' in body) {
      for (const client of room.clients) if (client.viewer !== undefined) client.viewer.banned = body.ban;
      this.tell(room, { t: 'banned', ban: body.ban });
    }
    if ('pin' in body) {
      room.pinned = room.comments.find((one) => one.text === body.pin) ?? null;
      this.emit(room, { k: 'pinned', comment: room.pinned });
    }
    if (body.react !== undefined) this.tell(room, { t: 'counts', viewers: room.clients.size, reactions: body.react });
    if (body.epoch === true) Object.assign(room, { epoch: randomBytes(4).toString('hex'), log: room.log.slice(-20) });
    if (body.resync === true) this.tell(room, { t: 'resync', from: room.log.length });
    if (body.cut === true) for (const client of room.clients) client.terminate();
  }
}
