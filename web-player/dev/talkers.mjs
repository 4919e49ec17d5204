// People who talk in the demo: they join its room as any page does (docs/ROOM.md), and write, answer and react until the
// process ends. Who is cut off comes back.
//
//   node dev/talkers.mjs http://127.0.0.1:8080 demo

import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';

const [origin, broadcast] = process.argv.slice(2);
if (broadcast === undefined) {
  console.error('usage: node dev/talkers.mjs http://HOST:PORT BROADCAST');
  process.exit(2);
}
const url = `${origin.replace(/^http/, 'ws')}/api/v1/broadcasts/${broadcast}/room`;

const lines = [
  '法官讲得很清楚', 'Good morning from Chengdu', '请问旁听需要预约吗？', 'I did not know that enforcement looks like this', '声音很清晰，辛苦了',
  'Which courtroom is this?', '三个现场一起看，真方便', 'The interpreter is excellent', '加油', '老赖名单在哪里可以查到？', '原来执行法官这么辛苦',
  'Will there be a replay?', '巡逻车那边现在到哪里了', '为公开透明点赞', 'Second hall, please!', '第一次看庭审直播，学到了', '请问下午还有吗',
  'Thank you for the explanation', '支持阳光司法', '有问题可以联系我 13812345678', '加油', 'How long does such a case take?', '谢谢主持人的讲解',
]; // prettier-ignore
const names = ['小雨', 'Wei', '', '老张', 'Ana', '阿宁'];
const kinds = ['like', 'clap', 'flower', 'heart'];

const pick = (list) => list[Math.floor(Math.random() * list.length)];

function person(name, index) {
  let token;
  let socket;
  const say = (message) => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };
  const connect = () => {
    socket = new WebSocket(url, 'openday-room-1');
    socket.on('open', () => say({ t: 'join', ...(token && { token }), ...(name && { name }) }));
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.t === 'welcome') token = message.token;
    });
    socket.on('close', () => setTimeout(connect, 2000 + 2000 * Math.random()));
    socket.on('error', () => undefined); // 'close' follows
  };
  connect();
  // Somebody has something for the moderators soon.
  let next = index === 2 ? lines.findIndex((line) => /\d{11}/.test(line)) - 1 : index;
  let step = index === 2 ? 1 : 0;
  const talk = () => {
    next = (next + (step || 1 + Math.floor(Math.random() * 4))) % lines.length;
    step = 0;
    say({ t: 'comment', ref: randomUUID(), text: lines[next] });
    setTimeout(talk, 6000 + 12_000 * Math.random());
  };
  setTimeout(talk, 500 + 1500 * index);
  setInterval(() => say({ t: 'react', kind: pick(kinds), n: 1 + Math.floor(Math.random() * 4) }), 4000 + 700 * index);
}

names.forEach(person);
