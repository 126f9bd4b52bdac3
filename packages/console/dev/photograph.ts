import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Look } from "./walk.ts";

/** Keeps a look as `NAME-THEME-WIDTH.png`. */
export async function photograph(folder: string, { page, screen, theme, width }: Look): Promise<void> {
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${screen.name}-${theme}-${width}.png`) });
}
