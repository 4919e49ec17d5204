// The mock's side of the desk: officers and their keys, tips in every state, as docs/API.md has them.
//
// POST /__mock/desk {…}:
//   founded: bool, keys: {person: 'root'|'countersigned'|'waiting'|'no_key'}    the roster
//   lock: true                     the key of whoever is logged in closes, as after a restart of the hub
//   expire: true                   the session ends
//   enabled: bool                  tips are taken at all
//   tips: [{…fields}]              tips come in (or, with a known id, change)
//   fill: n                        so many closed ones, old
//   write: {id, text}              the tipster of a tip writes again
//   act: {id, by, verdict? | answer? | close?}   a colleague does something
//   clear: true, remove: [ids]
//   faults: {answer: status, ms, refuse_socket: bool}

import { createHash, randomBytes } from 'node:crypto';
import { WebSocketServer } from 'ws';
import { segmentSeconds } from './media.mjs';

const all = '/api/v1/desk';
const minuteMs = 60_000;
const verdicts = ['spam', 'consultation', 'feedback', 'report', 'lead'];
const states = ['received', 'triaged', 'answered', 'closed'];
const hereMs = 10_000;

const fingerprintOf = (person) =>
  createHash('sha256').update(person).digest('hex').slice(0, 32).replace(/(.{4})(?!$)/g, '$1 '); // prettier-ignore
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const recoveryKey = () => Array.from({ length: 9 }, () => Array.from(randomBytes(4), (b) => letters[b % 32]).join('')).join('-'); // prettier-ignore
const minuteOf = (ms) => new Date(Math.floor(ms / minuteMs) * minuteMs).toISOString();
const standard =
  '您的来信我们已经看过。它不属于本单位能够处理的内容，因此不再跟进。如有误会，请重新提交并说明具体情况。\n\n' +
  'We have read what you sent. It is nothing this institution can act on, so it is not followed up. If we misunderstood you, please write again and say what happened.';

const wroteMeanwhile = 'the tipster has written meanwhile; read it first';
const answeredMeanwhile = 'it has been answered meanwhile; read the answer first';

/** Newest last; `ago` in minutes. */
const script = [
  { id: 'f1c07a52e9', ago: 61 * 24 * 60, kind: 'other', text: '想问一下开放日能不能带孩子参加？', deeds: [['triage', 'consultation', 'kai'], ['answer', '可以，请带好孩子的证件。', 'kai'], ['close', null, 'kai']] },
  { id: '8be24d0c31', ago: 9 * 24 * 60, kind: 'feedback', text: 'www.cheap-loans.example lowest rates in town, click now', deeds: [['triage', 'spam', 'bo'], ['answer', standard, 'bo'], ['close', null, 'bo']] },
  { id: '60d1f7a8b4', ago: 3 * 24 * 60, kind: 'report', broadcast: 'hearing', text: 'The man in the second row of the public gallery took photographs of the witness. He left before the break by the side door.', photos: 1, unreadable: true },
  { id: '2c9e83b75f', ago: 26 * 60, kind: 'consultation', text: '我想实名反映村里土地补偿款的发放问题，应当准备哪些材料，交到哪里？', contact: '138 0013 8000', deeds: [['triage', 'consultation', 'bo'], ['answer', '请准备身份证复印件、补偿协议和银行流水，工作日到一楼接待窗口。', 'bo']] },
  { id: '94a6b1e03d', ago: 7 * 60, kind: 'lead', broadcast: 'court', text: 'I know the defendant from work. On the evening he says he was at home I saw him load boxes into a grey van behind the old station, plate ending in 7T. I can tell you who was with him.', deeds: [['triage', 'lead', 'kai'], ['answer', 'Thank you. Could you tell us roughly at what time this was, and whether anybody else saw it?', 'kai'], ['wrote', 'Shortly after nine. The kiosk was just closing, the owner must have seen it, too. I am not willing to come to the court.']] },
  { id: 'd35f20c8a7', ago: 16, kind: 'lead', broadcast: 'court', moment: true, text: '直播里站在原告代理人后面、穿灰色夹克的那个人，上周在我们小区楼下堵过证人，还拍了照片。我手机里有当时的三张照片，车牌也拍到了。\n\n请不要联系我的单位。', contact: '微信 qinghe-2231', photos: 3, late: 10_000 },
  { id: '7740e9ab16', ago: 5, kind: 'report', broadcast: 'court', moment: true, text: '2号庭的大屏幕刚才把证人的身份证号码拍进去了，大约持续了十几秒，请尽快处理录像。', arriving: true },
  { id: 'b8825c6f09', ago: 3, kind: 'feedback', broadcast: 'court', text: 'Sign language is cut off at the bottom of the picture whenever the lower third is shown.' },
]; // prettier-ignore

export class Desk {
  constructor(hub) {
    this.hub = hub;
    this.sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'openday-desk-1' });
    this.clients = new Set();
    this.timer = setInterval(() => this.tell({ t: 'here' }), hereMs);
    this.reset();
  }

  reset() {
    this.enabled = true;
    this.founded = true;
    this.recovery = 'ABCD-EFGH-JKMN-PQRS-TVWX-YZ01-2345-6789-0ABC';
    this.keys = new Map([['kai', 'root'], ['bo', 'countersigned'], ['lin', 'waiting']]); // prettier-ignore
    this.open = true;
    this.faults = {};
    this.tries = 0;
    this.tips = new Map();
    for (const one of script) this.add(one);
  }

  close() {
    clearInterval(this.timer);
    this.dropSockets();
    this.sockets.close();
  }

  dropSockets() {
    for (const socket of this.clients) socket.terminate();
  }

  tell(event) {
    for (const socket of this.clients) socket.send(JSON.stringify(event));
  }

  add({ id = randomBytes(5).toString('hex'), ago = 0, deeds = [], moment = false, ...fields }) {
    const at = Date.now() - ago * minuteMs;
    const exact = moment === true ? at - 90_000 : null;
    const tip = {
      id, state: 'received', verdict: null, at, changed: at, broadcast: null, kind: 'lead', text: '', contact: null, photos: 0,
      moment: exact, clip: exact === null ? null : `clip-${id}`, ...fields,
      timeline: [{ number: 1, at: minuteOf(at), by: null, deed: 'received', verdict: null, text: fields.text }],
    }; // prettier-ignore
    this.tips.set(id, tip);
    deeds.forEach(([what, value, by], i) => this.apply(tip, what, value, by, at + (i + 1) * 7 * minuteMs));
    return tip;
  }

  /** As the ledger does it; what keeps it from that. */
  apply(tip, what, value, by, at = Date.now()) {
    if (tip.state === 'closed') return 'the tip is closed';
    const say = (deed, verdict, text) =>
      tip.timeline.push({ number: tip.timeline.length + 1, at: minuteOf(at), by, deed, verdict, text });
    const move = (state) => {
      if (tip.state !== state) tip.changed = at;
      tip.state = state;
    };
    switch (what) {
      case 'wrote':
        by = null;
        say('wrote', null, value);
        if (tip.state === 'answered') move('triaged');
        return null;
      case 'triage':
        say('triaged', value, null);
        tip.verdict = value;
        if (tip.state === 'received') move('triaged');
        return null;
      case 'answer':
        if (tip.state === 'received') return 'the tip has not been triaged; say what it is first';
        if (value === standard && tip.verdict !== 'spam')
          return 'the standard answer is for spam; answer in your own words';
        say('answered', null, value);
        move('answered');
        return null;
      case 'close':
        if (tip.state !== 'answered') return 'the tipster waits for an answer: a tip is closed after one only';
        say('closed', null, null);
        move('closed');
        return null;
    }
  }

  /** What somebody has said after the last entry that the officer saw. */
  unseen(tip, after) {
    const later = tip.timeline.slice(after).filter(({ deed }) => ['wrote', 'answered'].includes(deed));
    if (later.length === 0) return null;
    return later.at(-1).by === null ? wroteMeanwhile : answeredMeanwhile;
  }

  control(body, studio) {
    Object.assign(this.faults, body.faults);
    for (const key of ['founded', 'enabled']) if (body[key] !== undefined) this[key] = body[key];
    if (body.keys !== undefined) this.keys = new Map(Object.entries(body.keys));
    if (body.lock === true) this.open = false;
    if (body.expire === true) {
      studio.session = randomBytes(8).toString('hex');
      this.dropSockets();
    }
    if (body.clear === true) this.tips.clear();
    for (const id of body.remove ?? []) this.tips.delete(id);
    for (const one of body.tips ?? []) {
      if (this.tips.has(one.id)) Object.assign(this.tips.get(one.id), one);
      else this.add(one);
    }
    for (let i = 0; i < (body.fill ?? 0); i++)
      this.add({ ago: 30 * 24 * 60 + i, kind: 'other', text: `an old question, number ${i + 1}`, deeds: [['triage', 'feedback', 'bo'], ['answer', 'Thank you.', 'bo'], ['close', null, 'bo']] }); // prettier-ignore
    if (body.write !== undefined) this.apply(this.tips.get(body.write.id), 'wrote', body.write.text);
    if (body.act !== undefined) {
      const { id, by, verdict, answer, close } = body.act;
      const tip = this.tips.get(id);
      if (verdict !== undefined) this.apply(tip, 'triage', verdict, by);
      if (answer !== undefined) this.apply(tip, 'answer', answer, by);
      if (close === true) this.apply(tip, 'close', null, by);
    }
    this.tell({ t: 'changed' });
    return { ok: true };
  }

  upgrade(request, socket, head, allowed) {
    if (request.url !== `${all}/events`) return false;
    if (!allowed || this.faults.refuse_socket) {
      socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
      return true;
    }
    this.sockets.handleUpgrade(request, socket, head, (client) => {
      this.clients.add(client);
      client.on('close', () => this.clients.delete(client));
      client.send('{"t":"here"}');
    });
    return true;
  }

  onRoster(id) {
    return ['root', 'countersigned'].includes(this.keys.get(id));
  }

  readable(tip, person) {
    return this.onRoster(person.id) && tip.unreadable !== true;
  }

  json(tip, person) {
    const readable = this.readable(tip, person);
    const last = tip.timeline.findLast(({ deed }) => ['wrote', 'answered', 'closed'].includes(deed));
    return {
      id: tip.id, state: tip.state, verdict: tip.verdict, received_at: minuteOf(tip.at), changed_at: minuteOf(tip.changed),
      broadcast: tip.broadcast, minute: tip.moment === null ? null : minuteOf(tip.moment), clip: tip.clip !== null, photos: tip.photos,
      wrote_again: last?.deed === 'wrote', readable,
    }; // prettier-ignore
  }

  whole(tip, person) {
    const readable = this.readable(tip, person);
    const { kind, text, contact } = tip;
    const moment = tip.moment === null ? null : new Date(tip.moment).toISOString();
    return {
      ...this.json(tip, person),
      content: readable ? { kind, text, contact, moment } : null,
      timeline: tip.timeline.map((entry) => ({ ...entry, text: readable ? entry.text : null })),
      clip_hls: tip.clip === null || tip.withdrawn === true ? null : `${all}/tips/${tip.id}/clip/index.m3u8`,
      clip_complete: tip.arriving !== true,
    };
  }

  overview(person, studio) {
    const officer = ({ id, name }) => {
      const state = this.keys.get(id) ?? 'no_key';
      const shown = !this.founded && state !== 'no_key' ? 'waiting' : state;
      return { id, name, state: shown, fingerprint: state === 'no_key' ? null : fingerprintOf(id) };
    };
    const officers = [...studio.people.values()].filter((one) => one.roles.includes('officer') && !one.disabled);
    const counts = Object.fromEntries(states.map((state) => [state, 0]));
    for (const tip of this.tips.values()) counts[tip.state]++;
    return {
      founded: this.founded, open: this.open, recovery_fingerprint: this.founded ? fingerprintOf(this.recovery) : null,
      me: officer(person), officers: officers.map(officer), counts: this.onRoster(person.id) ? counts : null,
      keep_days: { received: 730, triaged: 730, answered: 365, closed: 180, spam: 30 },
    }; // prettier-ignore
  }

  /** The clip: the stream's segments around the minute. */
  clip(tip, rest, { response, refuse }) {
    const stream = this.hub.streams.get(tip.broadcast);
    if (stream === undefined || tip.clip === null || tip.withdrawn === true)
      return refuse(404, 'not_found', 'there is no such clip');
    const segment = /^(\d+|init)\.(?:m4s|mp4)$/.exec(rest)?.[0];
    if (segment !== undefined) {
      const bytes = stream.bytes('480p', segment);
      if (bytes === null) return refuse(404, 'not_found', rest);
      response.writeHead(200, { 'content-type': 'video/mp4', 'cache-control': 'no-store' });
      return response.end(bytes);
    }
    // Of the minute and 15 s around it, what there is.
    const from = Math.floor(tip.moment / minuteMs) * minuteMs - 15_000 + (tip.late ?? 0);
    const first = Math.max(0, Math.floor((from - stream.since) / 1000 / segmentSeconds));
    const lines = ['#EXTM3U', '#EXT-X-VERSION:7', `#EXT-X-TARGETDURATION:${segmentSeconds}`, '#EXT-X-PLAYLIST-TYPE:VOD', '#EXT-X-MAP:URI="init.mp4"']; // prettier-ignore
    const count = Math.round((90_000 - (tip.late ?? 0)) / 1000 / segmentSeconds);
    for (let n = first; n < first + count; n++)
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${stream.at(n)}`, `#EXTINF:${segmentSeconds.toFixed(3)},`, `${n}.m4s`);
    response.writeHead(200, { 'content-type': 'application/vnd.apple.mpegurl', 'cache-control': 'no-store' });
    return response.end(`${lines.join('\n')}\n#EXT-X-ENDLIST\n`);
  }

  async answer({ method, path, query, body, person, studio, json, refuse, response }) {
    if (!this.enabled) return refuse(404, 'not_found', 'there is nothing at this address');
    if (person.must_change_password) return refuse(403, 'password_change_needed', 'choose a password of your own');
    if (!person.roles.includes('officer')) return refuse(403, 'forbidden', 'your roles do not include this');
    const [first, id, verb, item] = path
      .slice(all.length + 1)
      .split('/')
      .filter((part) => part !== '');
    if (first === undefined) return json(200, this.overview(person, studio));
    if (first === 'unlock') {
      if (studio.passwords.get(person.id) !== body.password) return refuse(403, 'refused', 'the password is wrong');
      this.open = true;
      if (!this.keys.has(person.id)) this.keys.set(person.id, 'waiting');
      return json(204, null);
    }
    if (!this.open) return refuse(423, 'locked', 'give your password again: POST /api/v1/desk/unlock');
    const done = () => {
      json(204, null);
      this.tell({ t: 'changed' });
    };
    if (first === 'found') {
      if (this.founded)
        return refuse(409, 'conflict', 'the desk has been founded; let an officer countersign your key');
      this.founded = true;
      this.keys = new Map([...this.keys.keys()].map((one) => [one, one === person.id ? 'root' : 'waiting']));
      this.recovery = recoveryKey();
      json(200, { recovery_key: this.recovery });
      return this.tell({ t: 'changed' });
    }
    const vouch = (who) => {
      const state = this.keys.get(who);
      if (state === undefined || state === 'no_key')
        return refuse(409, 'conflict', `${who} has no key yet: they make one by logging in`);
      if (body.fingerprint !== fingerprintOf(who))
        return refuse(409, 'conflict', `this is not the fingerprint of ${who}'s key; compare again`);
      if (this.onRoster(who)) return refuse(409, 'conflict', `${who} is on the roster`);
      this.keys.set(who, 'countersigned');
      return done();
    };
    if (first === 'recover') {
      if (++this.tries > 5) return refuse(429, 'busy', 'too many tries; wait a moment', { 'retry-after': '42' });
      const typed = body.key.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
      if (!/^[0-9A-Z]{36}$/.test(typed)) return refuse(400, 'invalid', 'this is no recovery key: nine groups of four');
      if (typed !== this.recovery.replace(/-/g, '')) return refuse(403, 'refused', "this is not this desk's recovery key"); // prettier-ignore
      return vouch(body.person ?? person.id);
    }
    if (!this.founded) return refuse(409, 'conflict', 'the desk has not been founded');
    if (!this.onRoster(person.id))
      return refuse(403, 'refused', 'nobody has vouched for your key yet: a colleague must countersign it');
    if (first === 'officers' && verb === 'countersign') return vouch(id);
    if (first !== 'tips') return refuse(404, 'not_found', path);
    if (id === undefined) {
      const state = query.get('state');
      if (state !== null && !states.includes(state)) return refuse(400, 'invalid', 'there is no such state');
      const offset = Number(query.get('offset') ?? 0);
      const found = [...this.tips.values()]
        .filter((tip) => state === null || tip.state === state)
        .sort((a, b) => b.at - a.at)
        .slice(offset, offset + 50);
      const listed = found.map((tip) => {
        const readable = this.readable(tip, person);
        const text = Array.from(tip.text);
        const excerpt = text.slice(0, 200).join('') + (text.length > 200 ? '…' : '');
        return { ...this.json(tip, person), kind: readable ? tip.kind : null, excerpt: readable ? excerpt : null };
      });
      return json(200, { tips: listed });
    }
    const tip = this.tips.get(id);
    if (tip === undefined) return refuse(404, 'not_found', 'there is no such tip');
    if (verb === undefined) return json(200, this.whole(tip, person));
    if (verb === 'photos') {
      const pictures = this.hub.media.venuePictures.get(['hall-a', 'hall-b', 'remote'][Number(item) - 1]);
      if (!(Number(item) >= 1 && Number(item) <= tip.photos) || !this.readable(tip, person))
        return refuse(404, 'not_found', 'there is no such photo');
      response.writeHead(200, { 'content-type': 'image/jpeg', 'cache-control': 'no-store' });
      return response.end(pictures[Number(item) * 3]);
    }
    if (verb === 'clip') return this.clip(tip, item, { response, refuse });
    if (method !== 'POST') return refuse(405, 'invalid', method);
    if (['answer', 'close'].includes(verb) && !(body.after >= 1 && body.after <= tip.timeline.length))
      return refuse(400, 'invalid', 'after: the number of the last entry seen is missing');
    if (this.faults.ms > 0) await new Promise((ready) => setTimeout(ready, this.faults.ms));
    let problem;
    if (verb === 'triage') {
      if (!verdicts.includes(body.verdict)) return refuse(400, 'invalid', 'verdict: there is no such verdict');
      problem = this.apply(tip, 'triage', body.verdict, person.id);
    } else if (verb === 'answer') {
      if (this.faults.answer != null) return refuse(this.faults.answer, 'io', 'the books cannot be written');
      if (!this.readable(tip, person)) return refuse(404, 'not_found', 'there is no key for you');
      const text = body.standard === true ? standard : body.text;
      if (typeof text !== 'string' || text === '') return refuse(400, 'invalid', 'text is missing');
      if (Array.from(text).length > 10_000) return refuse(400, 'invalid', 'text: at most 10000 characters');
      problem = this.unseen(tip, body.after) ?? this.apply(tip, 'answer', text, person.id);
    } else if (verb === 'close') {
      problem = this.unseen(tip, body.after) ?? this.apply(tip, 'close', null, person.id);
    } else {
      return refuse(404, 'not_found', verb);
    }
    return problem === null ? done() : refuse(409, 'conflict', problem);
  }
}
