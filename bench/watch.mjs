// The watch page in a Chromium of its own, once it plays.
import { createRequire } from "node:module";
const require = createRequire(new URL("../web-player/package.json", import.meta.url));
const { chromium } = require("playwright-core");

/** Calls `look(page)` with a page that plays `url`, and closes it afterwards. */
export async function watch(url, look) {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    ],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(url);
    await page.waitForFunction(() => {
      const video = document.querySelector("video");
      return video && video.currentTime > 0 && !video.paused;
    }, null, { timeout: 30000 });
    return await look(page);
  } finally {
    await browser.close();
  }
}
