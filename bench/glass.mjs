// glass.mjs URL START_MS FPS LENGTH_S SECONDS: opens the watch page in Chromium, reads the burned-in frame counter of what is on the screen and
// prints how long ago, in ms, each frame was at the camera. START_MS is when frame 0 was; the counter starts anew every LENGTH_S.
import { watch } from "./watch.mjs";

const [url, startMs, fps, length, seconds] = process.argv.slice(2);
const samples = await watch(url, (page) =>
  page.evaluate(
    ({ startMs, fps, length, seconds }) =>
      new Promise((resolve) => {
        const video = document.querySelector("video");
        const canvas = document.createElement("canvas");
        canvas.width = 640;
        canvas.height = 360;
        const ink = canvas.getContext("2d", { willReadFrequently: true });
        const checksum = (counter) => {
          const value = Math.imul(counter & 0xffffff, 2654435761) >>> 0;
          return ((value >>> 24) ^ (value >>> 13) ^ 0x5a) & 0xff;
        };
        const read = () => {
          ink.drawImage(video, 0, 0, 640, 360);
          let high = 0;
          let low = 0;
          for (let i = 0; i < 32; i++) {
            const x = Math.floor((((i % 16) + 0.5) / 16) * 640);
            const y = Math.floor((0.7 + 0.13 * (Math.floor(i / 16) + 0.5)) * 360);
            const bit = ink.getImageData(x, y, 1, 1).data[1] > 126 ? 1 : 0;
            if (i < 24) high = high * 2 + bit;
            else low = low * 2 + bit;
          }
          return checksum(high) === low ? high : null;
        };
        const samples = [];
        const until = performance.now() + seconds * 1000;
        const look = (_now, frame) => {
          // The frame is on the screen at expectedDisplayTime, a few ms from now.
          const shown = Date.now() + Math.max(0, frame.expectedDisplayTime - performance.now());
          const counter = read();
          if (counter !== null) {
            let ago = shown - (startMs + (counter * 1000) / fps);
            while (ago > length * 1000) ago -= length * 1000;
            samples.push(ago);
          }
          if (performance.now() < until) video.requestVideoFrameCallback(look);
          else resolve(samples);
        };
        video.requestVideoFrameCallback(look);
      }),
    { startMs: Number(startMs), fps: Number(fps), length: Number(length), seconds: Number(seconds) },
  ),
);
console.log(JSON.stringify(samples));
