// What only the pages with an account draw, of the one set in ui/icons.tsx.

import { addDrawings } from '../ui/icons';

export const staffDrawings = {
  plus: 'M12 5v14M5 12h14',
  trash: 'M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v5.5M13.5 10.5v5.5',
  edit: 'M5 19l1-4L16 5l3 3L9 18zM14 7l3 3',
  slate: 'M3.5 6h17v12h-17zM8 10h8M10 14h4',
  key: 'M8 11.5a4 4 0 1 1 0 8 4 4 0 0 1 0-8M11 12.5l8-8M15.5 8l3 3',
  record: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16M12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6',
  cut: 'M4 6h7v12H4zM13 6h7v12h-7',
  logout: 'M10 4.5H5v15h5M14 8l4 4-4 4M18 12H9.5',
  camera: 'M3.5 7h12v10h-12zM15.5 11l5-3v8l-5-3',
  comment: 'M4 5h16v11.5h-8.5L7 20.5v-4H4zM8 9h8M8 12.5h5',
  undo: 'M8.5 5L4.5 9l4 4M4.5 9h9a5.5 5.5 0 0 1 0 11H9',
  flag: 'M6 21V4M6 4.5h11.5l-2.5 4 2.5 4H6',
  ban: 'M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17M6 6l12 12',
  pin: 'M9 4h6l-.7 6 3.2 3.5h-11L9.7 10zM12 13.5v6.5',
  search: 'M10.5 4.5a6 6 0 1 1 0 12 6 6 0 0 1 0-12M15 15l5 5',
  person: 'M12 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7M5 19.5c.5-4 3.2-5.5 7-5.5s6.5 1.5 7 5.5',
  print: 'M7 9V4.5h10V9M7 17H4V9h16v8h-3M7 14h10v6H7z',
  photo: 'M3.5 5.5h17v13h-17zM4 16l5-5 4.5 4.5 2.5-2.5 4 4M15.5 8.5a1 1 0 1 1 0 2 1 1 0 0 1 0-2',
  list: 'M8.5 6.5h11M8.5 12h11M8.5 17.5h11M4.5 6.5v.1M4.5 12v.1M4.5 17.5v.1',
} as const;

addDrawings(staffDrawings);
