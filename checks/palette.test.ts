// The severities can be told apart by every eye and read on every ground: recomputed from the console's tokens.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

type Triple = readonly [number, number, number];

const pages = join(import.meta.dirname, "..", "packages", "console", "src");
const css = readFileSync(join(pages, "tokens.css"), "utf8");
const levels = ["informational", "low", "medium", "high", "critical"] as const;
const themes = ["light", "dark"] as const;

/** Smallest CIEDE2000 that two levels may have: below it, some eyes take one for the other. */
const minDifference = 13;
/** WCAG 2.2, 1.4.11 for graphics and 1.4.3 for text. */
const minGlyphContrast = 3;
const minTextContrast = 4.5;

/** How eyes see, as a matrix on linear RGB. Source: Machado, Oliveira, Fernandes 2009, severity 1.0. */
const eyes: Readonly<Record<string, readonly Triple[]>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

test("CIEDE2000 agrees with the pairs that its authors published", () => {
  // Sharma, Wu, Dalal 2005, table 1: pairs 1, 7, 17 and 25.
  const pairs: readonly (readonly [Triple, Triple, number])[] = [
    [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
    [[50, 0, 0], [50, -1, 2], 2.3669],
    [[50, 2.5, 0], [73, 25, -18], 27.1492],
    [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
  ];
  for (const [a, b, expected] of pairs) assert.ok(Math.abs(difference(a, b) - expected) < 1e-4, `${a} and ${b}`);
});

for (const theme of themes) {
  for (const [eye, matrix] of Object.entries(eyes)) {
    test(`${theme}: ${eye} eyes tell every two levels apart`, () => {
      const seen = levels.map((it) => ({ level: it, lab: lab(apply(matrix, linear(token(it, theme)))) }));
      for (const [i, a] of seen.entries()) {
        for (const b of seen.slice(i + 1)) {
          const found = difference(a.lab, b.lab);
          assert.ok(found >= minDifference, `${a.level} and ${b.level} differ by ${found.toFixed(1)}`);
        }
      }
    });
  }

  test(`${theme}: every glyph stands out from the ground, the raised ground and its own ink`, () => {
    for (const ground of ["ground", "raised"]) {
      for (const level of levels) assertContrast(level, ground, theme, minGlyphContrast);
    }
    assertContrast("on-critical", "critical", theme, minTextContrast);
  });

  test(`${theme}: every text can be read on every ground it stands on`, () => {
    for (const ground of ["ground", "raised"]) {
      for (const ink of ["text", "muted"]) assertContrast(ink, ground, theme, minTextContrast);
    }
    // The chosen page of the navigation, and the main button.
    assertContrast("text", "line", theme, minTextContrast);
    assertContrast("ground", "text", theme, minTextContrast);
  });
}

test("colour is spent on severity and on nothing else", () => {
  const wrong: string[] = [];
  for (const file of readdirSync(pages, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".css") || file === "tokens.css") continue;
    const text = readFileSync(join(pages, file), "utf8");
    const own = /#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch)a?\(/i.exec(text);
    if (own) wrong.push(`${file} has a colour of its own: ${own[0]}`);
    const spent = new RegExp(`var\\(--(?:${levels.join("|")}|on-critical)\\)`).exec(text);
    if (spent && file !== join("ui", "level.module.css")) wrong.push(`${file} spends ${spent[0]}`);
  }
  assert.deepEqual(wrong, []);
});

function assertContrast(ink: string, ground: string, theme: (typeof themes)[number], least: number): void {
  const [dark, light] = [token(ink, theme), token(ground, theme)].map(luminance).sort((a, b) => a - b);
  const found = ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
  assert.ok(found >= least, `${ink} on ${ground} has contrast ${found.toFixed(2)}, at least ${least} is needed`);
}

/** A colour of the tokens as 8-bit sRGB. */
function token(name: string, theme: (typeof themes)[number]): Triple {
  const found = new RegExp(`--${name}: light-dark\\(#([0-9a-f]{6}), #([0-9a-f]{6})\\)`).exec(css);
  assert.ok(found, `tokens.css has no colour --${name}`);
  const hex = (theme === "light" ? found[1] : found[2]) ?? "";
  return [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Triple;
}

/** IEC 61966-2-1. */
function linear(rgb: Triple): Triple {
  return rgb.map((it) => (it / 255 <= 0.04045 ? it / 255 / 12.92 : ((it / 255 + 0.055) / 1.055) ** 2.4)) as never;
}

/** WCAG 2.2, relative luminance. */
function luminance(rgb: Triple): number {
  const [r, g, b] = linear(rgb);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function apply(matrix: readonly Triple[], [r, g, b]: Triple): Triple {
  return matrix.map((row) => Math.min(1, Math.max(0, row[0] * r + row[1] * g + row[2] * b))) as never;
}

/** CIELAB under D65, from linear RGB. */
function lab(rgb: Triple): Triple {
  const toXyz: readonly Triple[] = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.072175],
    [0.0193339, 0.119192, 0.9503041],
  ];
  const white: Triple = [0.95047, 1, 1.08883];
  const [x, y, z] = toXyz
    .map((row) => row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2])
    .map((it, i) => it / (white[i] ?? 1))
    .map((it) => (it > (6 / 29) ** 3 ? Math.cbrt(it) : it / (3 * (6 / 29) ** 2) + 4 / 29)) as unknown as Triple;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** CIEDE2000 with all weights 1. Source: Sharma, Wu, Dalal 2005, equations 2 to 22. */
function difference([l1, a1, b1]: Triple, [l2, a2, b2]: Triple): number {
  const degrees = Math.PI / 180;
  const g = stretch((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2);
  const [p1, p2] = [a1 * (1 + g), a2 * (1 + g)];
  const [c1, c2] = [Math.hypot(p1, b1), Math.hypot(p2, b2)];
  const [h1, h2] = [hue(p1, b1), hue(p2, b2)];
  const colourless = c1 * c2 === 0;

  const turn = h2 - h1;
  const dh = colourless ? 0 : turn > 180 ? turn - 360 : turn < -180 ? turn + 360 : turn;
  const dH = 2 * Math.sqrt(c1 * c2) * Math.sin((dh / 2) * degrees);

  const sum = h1 + h2;
  const mean = colourless ? sum : Math.abs(turn) <= 180 ? sum / 2 : sum < 360 ? (sum + 360) / 2 : (sum - 360) / 2;
  const [l, c] = [(l1 + l2) / 2, (c1 + c2) / 2];
  const cos = (times: number, offset: number) => Math.cos((times * mean + offset) * degrees);
  const t = 1 - 0.17 * cos(1, -30) + 0.24 * cos(2, 0) + 0.32 * cos(3, 6) - 0.2 * cos(4, -63);
  const sl = 1 + (0.015 * (l - 50) ** 2) / Math.sqrt(20 + (l - 50) ** 2);
  const [sc, sh] = [1 + 0.045 * c, 1 + 0.015 * c * t];
  const rc = 2 * Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7));
  const rt = -rc * Math.sin(60 * Math.exp(-(((mean - 275) / 25) ** 2)) * degrees);
  const [tl, tc, th] = [(l2 - l1) / sl, (c2 - c1) / sc, dH / sh];
  return Math.sqrt(tl * tl + tc * tc + th * th + rt * tc * th);
}

/** Equation 4: how much of the a axis is stretched for colours near grey. */
function stretch(chroma: number): number {
  return 0.5 * (1 - Math.sqrt(chroma ** 7 / (chroma ** 7 + 25 ** 7)));
}

function hue(a: number, b: number): number {
  if (a === 0 && b === 0) return 0;
  return ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360;
}
