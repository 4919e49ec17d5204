// What only the room draws, on the same grid: it comes with the room's script.

import { addDrawings } from './icons';

const shapes = {
  danmaku: 'M4 5h16v11.5h-9L6.5 20v-3.5H4zM8 9h8M10.5 12.5h5.5',
  danmakuOff: 'M9 5h11v11M16.5 16.5H11L6.5 20v-3.5H4V6M3 3l18 18',
  send: 'M4.5 5l15 7-15 7 2-7zM6.5 12h6',
  reply: 'M9.5 6L4.5 11l5 5M5 11h8.5a6 6 0 0 1 6 6v1',
  flag: 'M6 20V4.5h11.5l-2.5 4 2.5 4H6',
  person: 'M12 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7M5 19.5c.6-7 13.4-7 14 0',
  hide: 'M4 4l16 16M10 5.6c4.6-.8 9 1.4 11.5 6.4-.7 1.4-1.6 2.6-2.7 3.6M14.5 17.7C9.5 19 5 17 2.5 12c.8-1.5 1.8-2.8 3-3.8',
  pin: 'M9 4h6l-.5 6 3 3.5h-11l3-3.5zM12 13.5V20',
  more: 'M6 12v.1M12 12v.1M18 12v.1',
  like: 'M7.5 11v8.5H4V11zM7.5 11l3.5-7c2 0 2.7 1.5 2.2 3.5L12.6 10h6.4l-1.5 9.5h-10',
  heart: 'M12 19.5C5.5 15 3.5 12 4 9c.6-4 6-4.5 8-1 2-3.5 7.4-3 8 1 .5 3-1.5 6-8 10.5z',
  clap: 'M8 12.5v-6a1.4 1.4 0 0 1 2.8 0V11M10.8 10.5V5a1.4 1.4 0 0 1 2.8 0v5.5M13.6 10.5v-4a1.4 1.4 0 0 1 2.8 0V14c0 4-2.2 6.5-5.4 6.5-2.6 0-4-1.3-5.2-3.5L4 13.7c-.6-1.2 1-2.3 2-1.2l2 2zM18.7 4.5l1.6-1.6M19.4 8h2.1M16.6 2.8V1',
  flower:
    'M12 9.5a2 2 0 1 1 0 4 2 2 0 0 1 0-4M12 9.5c-3-3-2-6 0-6s3 3 0 6M10 11.5c-4 1-6-1-5-3s4-1 5.5 1M14 11.5c4 1 6-1 5-3s-4-1-5.5 1M11 13c-2.5 3-1.5 5 .5 4.5M12 13.5V21',
} as const;

export type RoomIconName = keyof typeof shapes;

addDrawings(shapes);
