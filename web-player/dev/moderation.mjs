// The mock's side of moderation: a room full of made-up comments, their queue, claims, decisions, bans and word lists, as the
// room's protocol has them, and a second moderator (Ana) who claims and decides when told to.
//
// POST /__mock/moderation {"id"?: broadcast (court), …}:
//   say: [{text, name?, by?, state?, rule?, found?, from?, to?, reports?}]   comments come in; rejected: a list refuses them
//   flow: seconds | 0                                                one comes in every so often
//   ana: {claim?: [ids], release?: [ids], decide?: [{id, state, reason}]}
//   faults: {decide_waits: bool (until it is false), decide: status, silent: bool, refuse_socket: bool}

import { WebSocketServer } from 'ws';

const ana = { by: 'ana', name: 'Ana Souza' };
const claimMs = 60_000;
const undoMs = 30_000;
const next = {
  held: ['published', 'rejected'],
  published: ['removed', 'held'],
  rejected: ['published'],
  removed: ['published'],
};

/** [author, text, state, rule, what it found, more] */
const script = [
  ['a1', '主审法官讲得很清楚，谢谢公开！', 'published'],
  ['b2', 'Good to see how a hearing really works.', 'published'],
  ['c3', '加微信 law-help88 免费咨询，名额有限', 'held', 'word:ads', '免费咨询', { similar: 1 }],
  ['d4', '看直播领红包 www.hongbao-live.example/r?x=9', 'held', 'link', 'www.hongbao-live.example/r?x=9'],
  ['e5', '第二法庭的声音有点小，能调大一点吗？', 'published', null, null, { reports: { other: 1 } }],
  ['f6', 'My neighbour was in this case, his number is 138 0013 8000, just ask him', 'held', 'phone', '138 0013 8000'],
  ['c3', '加微信 law-help88 免费咨询，名额有限!!', 'held', 'word:ads', '免费咨询', { similar: 1 }],
  ['g7', '这个被告就是个骗子，脑子有病', 'held', 'word:insults', '脑子有病', { reports: { abuse: 3, spam: 1 } }],
  ['h8', 'Which article of the civil code did the judge just quote?', 'published'],
  ['i9', '我的身份证号 110101199003070000，能帮我查一下案子吗', 'held', 'id_number', '110101199003070000'],
  ['j0', '请问旁听需要提前预约吗？我们学校想组织学生来', 'held', 'mode'],
  ['k1', 'AAAAAAAAAAAAAAAAAAAAAAAA', 'held', 'flood', null, { similar: 0 }],
  ['l2', '支持公开审判，司法为民 👍', 'held', 'duplicate', null, { similar: 13 }],
  ['m3', 'The interpreter is half a sentence late, is that on purpose?', 'held', 'mode'],
  ['d4', '红包还在发 www.hongbao-live.example', 'held', 'link', 'www.hongbao-live.example'],
  [
    'n4',
    '知识产权案件一般要审多久？赔偿金额是怎么算出来的，有没有法定的上限和下限？',
    'held',
    'mode',
    null,
    { reply: 1 },
  ],
];
const names = {
  a1: '晨光', b2: 'Hannah', c3: '小助手08', d4: '', e5: '老周', f6: 'Tom W.', g7: '路过的风', h8: 'Mei', i9: '李先生',
  j0: '四中张老师', k1: '', l2: '司法为民', m3: 'Jonas', n4: '木子',
}; // prettier-ignore
const chatter = [
  ['o5', '法槌一响，安静了'],
  ['p6', 'Will there be a recording of this hearing?'],
  ['q7', '画面很清晰，点赞', 'mode'],
  ['r8', '合议庭什么时候宣判？', 'mode'],
  ['d4', '扫码进群 hongbao-live.example', 'link'],
];
/** Rejected, and no person has decided: a rule did it. */
const asItem = (one) => (one.state === 'rejected' && one.decision === null ? { ...one, by_rule: true } : one);
const digits = (author) => Buffer.from(author.padEnd(4, '7')).toString('hex').slice(0, 8);

export class Moderation {
  /** hub: broadcasts, and whoever is logged in. */
  constructor(hub) {
    this.hub = hub;
    this.sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'openday-moderation-1' });
    this.clients = new Map();
    this.reset();
    this.timer = setInterval(() => this.beat(), 1000);
  }

  reset() {
    this.rooms = new Map();
    this.faults = {};
    this.flow = 0;
    this.lists = new Map([
      ['ads', { text: '# Advertising\n免费咨询\n加微信\nwin a phone\n', changed_at: Date.now() - 86_400_000, by: 'wang', by_name: '王主任' }],
      ['insults', { text: '脑子有病\n骗子\n!去死\n', changed_at: Date.now() - 9 * 86_400_000, by: 'ana', by_name: 'Ana Souza' }],
    ]); // prettier-ignore
  }

  close() {
    clearInterval(this.timer);
    this.dropSockets();
    this.sockets.close();
  }

  dropSockets() {
    for (const socket of this.clients.keys()) socket.terminate();
  }

  room(id) {
    const known = this.rooms.get(id);
    if (known !== undefined) return known;
    const live = this.hub.broadcasts.get(id)?.state === 'live';
    const made = {
      comments: [], claims: new Map(), bans: [], bansMade: 0, recent: [],
      room: { mode: 'risky', open: live, slow_s: 0, max_text: 200, pinned: null, reactions: ['like', 'heart'] },
    }; // prettier-ignore
    this.rooms.set(id, made);
    if (live) {
      const at = Date.now() - script.length * 4000;
      script.forEach(([author, text, state, rule, found, more], i) =>
        this.add(id, { author, text, state, rule, found, ...more, at: at + i * 4000 }),
      );
    }
    return made;
  }

  add(
    id,
    { author = 'z9', by, name, text, state, rule, found, from, to, reports = {}, similar = 0, reply, at = Date.now() },
  ) {
    const room = this.room(id);
    const start = found == null ? from : text.indexOf(found);
    const span = start === undefined ? {} : { from: start, to: found == null ? to : start + found.length };
    const who = by ?? digits(author);
    const answered = reply === undefined ? undefined : room.comments[reply];
    const kept = state ?? (rule == null && room.room.mode !== 'all' ? 'published' : 'held');
    const item = {
      id: 4100 + room.comments.length, at, moment: at - 4000, by: who, name: name ?? names[author] ?? '', text, state: kept,
      why: rule == null ? (kept === 'held' ? { rule: 'mode' } : null) : { rule, ...span }, reports, similar,
      earlier: room.comments.filter((one) => one.by === who).length, banned: this.banOf(room, who), decision: null,
      ...(answered && { reply_to: { id: answered.id, name: answered.name, text: answered.text } }),
    }; // prettier-ignore
    room.comments.push(item);
    room.recent.push(Date.now());
    return item;
  }

  banOf(room, by) {
    const ban = room.bans.find((one) => one.by === by && (one.until === null || one.until > Date.now()));
    return ban === undefined ? null : { until: ban.until, reason: ban.reason };
  }

  counts(id) {
    const room = this.room(id);
    const held = room.comments.filter((one) => one.state === 'held');
    room.recent = room.recent.filter((at) => at > Date.now() - 60_000);
    return { held: held.length, oldest_at: held[0]?.at ?? null, per_minute: room.recent.length, viewers: 12_431 };
  }

  tell(id, event) {
    for (const [socket, of] of this.clients) {
      const told = event.t === 'items' ? { ...event, items: event.items.map(asItem) } : event;
      if (of === id && !this.faults.silent) socket.send(JSON.stringify(told));
    }
  }

  beat() {
    for (const id of new Set(this.clients.values())) {
      const room = this.room(id);
      if (this.flow > 0 && Math.floor(Date.now() / 1000) % this.flow === 0) {
        const [author, text, rule] = chatter[room.comments.length % chatter.length];
        this.tell(id, { t: 'items', items: [this.add(id, { author, text, rule })] });
      }
      for (const [item, claim] of room.claims) {
        if (claim.until <= Date.now()) this.free(id, item);
      }
      this.tell(id, { t: 'counts', ...this.counts(id) });
    }
  }

  free(id, item) {
    if (this.room(id).claims.delete(item))
      this.tell(id, { t: 'claims', claims: [{ id: item, by: null, name: '', until: 0 }] });
  }

  upgrade(request, socket, head, allowed) {
    const id = /^\/api\/v1\/admin\/broadcasts\/([^/]+)\/moderation$/.exec(request.url)?.[1];
    if (id === undefined) return false;
    if (!allowed || !this.hub.broadcasts.has(id) || this.faults.refuse_socket) {
      socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
      return true;
    }
    this.sockets.handleUpgrade(request, socket, head, (client) => {
      this.clients.set(client, id);
      client.on('close', () => this.clients.delete(client));
      const room = this.room(id);
      const items = room.comments.filter((one) => one.state === 'held').slice(0, 500);
      const claims = [...room.claims.values()];
      client.send(JSON.stringify({ t: 'queue', items, claims, room: room.room, counts: this.counts(id) }));
    });
    return true;
  }

  claim(id, ids, who) {
    const room = this.room(id);
    const claims = ids.map((item) => {
      const held = room.claims.get(item);
      if (held === undefined || held.by === who.by || held.until <= Date.now())
        room.claims.set(item, { id: item, ...who, until: Date.now() + claimMs });
      return room.claims.get(item);
    });
    this.tell(id, { t: 'claims', claims });
    return claims;
  }

  release(id, ids, who) {
    const room = this.room(id);
    for (const item of ids) if (room.claims.get(item)?.by === who.by) this.free(id, item);
    return ids.map((item) => room.claims.get(item) ?? { id: item, by: null, name: '', until: 0 });
  }

  decide(id, decisions, reason, note, who) {
    const room = this.room(id);
    const decided = [];
    const refused = [];
    for (const { id: item, from, state } of decisions) {
      const comment = room.comments.find((one) => one.id === item);
      const claim = room.claims.get(item);
      if (comment === undefined) refused.push({ id: item, code: 'not_found' });
      else if (comment.state !== from || !next[comment.state].includes(state))
        refused.push({ id: item, code: 'conflict', by: comment.decision?.by, name: comment.decision?.name, state: comment.state });
      else if (claim !== undefined && claim.by !== who.by && claim.until > Date.now())
        refused.push({ id: item, code: 'claimed', by: claim.by, name: claim.name, state: comment.state });
      else {
        comment.before = { state: comment.state, decision: comment.decision };
        comment.state = state;
        comment.decision = { ...who, at: Date.now(), state, reason, note: note ?? null, undo_until: Date.now() + undoMs };
        this.free(id, item);
        decided.push(comment);
      }
    } // prettier-ignore
    if (decided.length > 0) this.tell(id, { t: 'items', items: decided });
    return { decided, refused };
  }

  undo(id, ids, who) {
    const room = this.room(id);
    const decided = [];
    const refused = [];
    for (const item of ids) {
      const comment = room.comments.find((one) => one.id === item);
      const decision = comment?.decision;
      if (comment === undefined) refused.push({ id: item, code: 'not_found' });
      else if (decision == null || decision.by !== who.by || decision.undo_until < Date.now())
        refused.push({ id: item, code: 'conflict', by: decision?.by, name: decision?.name, state: comment.state });
      else {
        Object.assign(comment, comment.before);
        comment.decision = {
          ...who,
          at: Date.now(),
          state: comment.state,
          reason: 'undo',
          note: null,
          undo_until: null,
        };
        decided.push(comment);
      }
    }
    if (decided.length > 0) this.tell(id, { t: 'items', items: decided });
    return { decided, refused };
  }

  /** What the tests ask for. */
  control({ id = 'court', say = [], flow, ana: told = {}, faults }) {
    if (faults !== undefined) Object.assign(this.faults, faults);
    if (flow !== undefined) this.flow = flow;
    const items = say.map((one) => this.add(id, one));
    if (items.length > 0) this.tell(id, { t: 'items', items });
    if (told.claim !== undefined) this.claim(id, told.claim, ana);
    if (told.release !== undefined) this.release(id, told.release, ana);
    for (const { id: item, state, reason = 'spam' } of told.decide ?? []) {
      const from = this.room(id).comments.find((one) => one.id === item)?.state;
      this.decide(id, [{ id: item, from, state }], reason, null, ana);
    }
    return { items: items.map((item) => item.id) };
  }

  /** Answers a request below /api/v1/admin/broadcasts/{b}; false: it is not one of moderation. */
  async answer({ method, id, verb, item, body, query, person, json, refuse }) {
    if (!['comments', 'bans', 'room'].includes(verb)) return false;
    if (!this.hub.broadcasts.has(id)) return refuse(404, 'not_found', id);
    const room = this.room(id);
    const who = { by: person.id, name: person.name };
    if (verb === 'room') {
      const { pinned, ...rest } = body;
      Object.assign(room.room, rest);
      if (pinned !== undefined) room.room.pinned = room.comments.find((one) => one.id === pinned) ?? null;
      this.tell(id, { t: 'room', room: room.room });
      return json(200, room.room);
    }
    if (verb === 'bans') return this.ban({ method, id, item, body, who, json, refuse });
    switch (item) {
      case undefined: {
        const limit = Math.min(200, Number(query.get('limit') ?? 50));
        const before = Number(query.get('before') ?? Infinity);
        const wanted = (one) =>
          one.id < before &&
          [['state', one.state], ['rule', one.why?.rule], ['author', one.by]].every(([key, value]) => (query.get(key) ?? value) === value) &&
          (query.get('reported') !== '1' || Object.keys(one.reports).length > 0); // prettier-ignore
        return json(200, { comments: room.comments.filter(wanted).reverse().slice(0, limit).map(asItem) });
      }
      case 'claim':
        return json(200, { claims: this.claim(id, body.ids, who) });
      case 'release':
        return json(200, { claims: this.release(id, body.ids, who) });
      case 'decide':
        do await new Promise((done) => setTimeout(done, 30));
        while (this.faults.decide_waits);
        if (this.faults.decide) return refuse(this.faults.decide, 'failed', 'the books cannot be written');
        return json(200, this.decide(id, body.decisions, body.reason, body.note, who));
      case 'undo':
        return json(200, this.undo(id, body.ids, who));
      default:
        return refuse(404, 'not_found', item);
    }
  }

  ban({ method, id, item, body, who, json, refuse }) {
    const room = this.room(id);
    if (method === 'DELETE') {
      const ban = room.bans.find((one) => one.n === Number(item));
      if (ban === undefined) return refuse(404, 'not_found', 'no such ban');
      room.bans = room.bans.filter((one) => one !== ban);
      this.renew(id, ban.by);
      return json(204, null);
    }
    if (method === 'GET') return json(200, { bans: room.bans });
    const comment = room.comments.find((one) => one.id === body.comment);
    if (comment === undefined) return refuse(404, 'not_found', 'no such comment');
    const until = body.minutes === null ? null : Date.now() + body.minutes * 60_000;
    const ban = {
      n: ++room.bansMade, by: comment.by, name: comment.name, until, reason: body.reason, since: Date.now(), person: who.by, person_name: who.name,
    }; // prettier-ignore
    room.bans.push(ban);
    if (body.remove) {
      const theirs = room.comments.filter((one) => one.by === comment.by && ['held', 'published'].includes(one.state));
      const decisions = theirs.map((one) => ({ id: one.id, from: one.state, state: one.state === 'held' ? 'rejected' : 'removed' }));
      this.decide(id, decisions, body.reason, null, who);
    } // prettier-ignore
    this.renew(id, comment.by);
    return json(201, ban);
  }

  /** The author's comments say whether they are banned. */
  renew(id, by) {
    const room = this.room(id);
    const items = room.comments.filter((one) => one.by === by);
    for (const one of items) one.banned = this.banOf(room, by);
    this.tell(id, { t: 'items', items });
  }

  wordLists({ method, name, body, person, json, refuse }) {
    const words = (text) => text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#')).length;
    if (name === undefined) {
      const lists = [...this.lists].map(([one, { text, changed_at, by, by_name }]) => ({ name: one, words: words(text), changed_at, by, by_name }));
      return json(200, { lists });
    } // prettier-ignore
    const list = this.lists.get(name);
    if (method !== 'PUT' && list === undefined) return refuse(404, 'not_found', `there is no word list ${name}`);
    if (method === 'GET') return json(200, { text: list.text });
    if (method === 'DELETE') {
      this.lists.delete(name);
      return json(204, null);
    }
    const bad = body.text.split('\n').findIndex((line) => line.trim() === '!');
    if (bad >= 0) return refuse(400, 'invalid', `word list '${name}', line ${bad + 1}: no letters; expected a word`);
    this.lists.set(name, { text: body.text, changed_at: Date.now(), by: person.id, by_name: person.name });
    return json(200, { text: body.text });
  }
}
