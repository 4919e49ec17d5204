// page.mjs URL SECONDS: has the watch page open for so long, and prints for how long it played and how often it stood.
import { watch } from "./watch.mjs";

const [url, seconds] = process.argv.slice(2);
const seen = await watch(url, (page) =>
  page.evaluate(
    (seconds) =>
      new Promise((resolve) => {
        const video = document.querySelector("video");
        let played = 0;
        let stalls = 0;
        let last = video.currentTime;
        video.addEventListener("waiting", () => stalls++);
        // Jumps are not playing.
        const look = setInterval(() => {
          const step = video.currentTime - last;
          if (step > 0 && step < 1) played += step;
          last = video.currentTime;
        }, 200);
        setTimeout(() => {
          clearInterval(look);
          const frames = video.getVideoPlaybackQuality();
          resolve({ played, stalls, frames: frames.totalVideoFrames, dropped: frames.droppedVideoFrames });
        }, seconds * 1000);
      }),
    Number(seconds),
  ),
);
console.log(JSON.stringify(seen));
