// Photographs every screen, dark and light, at two widths: `node dev/shots.ts FOLDER [name…]`. Wants a built console and Chromium.
import { aBrowser } from "./browser.ts";
import { photograph } from "./photograph.ts";
import { screens } from "./screens.ts";
import { walk } from "./walk.ts";

const [folder = "shots", ...names] = process.argv.slice(2);
const browser = await aBrowser();
await walk(
  browser,
  screens.filter((it) => names.length === 0 || names.includes(it.name)),
  { look: (it) => photograph(folder, it), wrong: (text) => console.error(text) },
);
await browser.close();
