import type { Entry, LedgerModel } from "../index.ts";
import type { Dice } from "./dice.ts";

/** A file as it really is: which content each of its bytes carries. */
interface RealFile {
  readonly place: string;
  readonly path: string;
  /** For each byte the number of the content that it carries; the same content may stand in several files. */
  readonly content: readonly number[];
  /** True when every record of it tells its size. */
  readonly tellsSize: boolean;
}

/** A world of one model: what the register says, what really lies where, and who is declared. */
export interface World {
  readonly model: LedgerModel;
  readonly files: readonly RealFile[];
  readonly contents: number;
  readonly declared: readonly string[];
  readonly undeclared: readonly string[];
  /** True when every record is of one of the parts and says exactly which bytes were read: then all bounds must be exact. */
  readonly precise: boolean;
}

/** What really happened, and what a source tells of it. */
interface RealRead {
  readonly entry: Entry;
  readonly content: readonly number[];
}

/** A small model in two places, beside files that are not its weights; listed, of known size, or of unknown size. */
export function aWorld(dice: Dice): World {
  const sizes = Array.from({ length: dice.from(1, 3) }, () => dice.from(1, 12));
  let contents = sizes.reduce((sum, it) => sum + it, 0);
  const fresh = (count: number) => Array.from({ length: count }, () => contents++);
  let start = 0;
  const parts = sizes.map((size, i) => {
    const content = Array.from({ length: size }, (_, j) => start + j);
    start += size;
    return { path: `part-${i}`, content };
  });
  const kind = dice.pick(kinds);
  const mirrored = kind === "listed" ? ["a", "b"] : ["a"];
  const whole = dice.chance(50) ? parts.flatMap((it) => it.content) : parts.flatMap((it) => it.content).reverse();
  const files: RealFile[] = [
    ...mirrored.flatMap((place) => parts.map((it) => ({ place, ...it, tellsSize: dice.chance(30) }))),
    { place: "a", path: "readme", content: fresh(dice.from(1, 4)), tellsSize: dice.chance(30) },
    // The same weights in another format: a header, then the bytes in one file.
    { place: "b", path: "whole", content: [...fresh(dice.from(1, 3)), ...whole], tellsSize: dice.chance(30) },
  ];
  // And once more beside the parts: only sizes tell that one place holds more than the model.
  if (kind !== "unknown") files.push({ place: "a", path: "whole", content: whole, tellsSize: true });
  // Another version under the name of a listed file: only its size tells.
  const other = fresh(sizes[0] === 5 ? 6 : 5);
  if (kind === "listed") files.push({ place: "a", path: "part-0", content: other, tellsSize: true });
  const precise = dice.chance(40);
  return {
    model: aRegister(kind, parts),
    files: precise ? files.slice(0, mirrored.length * parts.length) : files,
    contents,
    declared: ["deploy-1", "backup"],
    undeclared: ["u1", "u2", "u3", "u4"],
    precise,
  };
}

/** The same world, in which the owner changed the register: what it knows of the model, and who may read. */
export function reregistered(dice: Dice, world: World): World {
  const parts = world.files.filter((it) => it.place === "a" && it.path.startsWith("part-"));
  const distinct = parts.filter((it, i) => parts.findIndex((other) => other.path === it.path) === i);
  const everyone = [...world.declared, ...world.undeclared];
  const declared = everyone.filter(() => dice.chance(40));
  // Without any size nothing tells that one place holds the weights twice: a blind spot that the ledger states.
  const twice = world.files.some((it) => it.place === "a" && it.path === "whole");
  const kind = twice ? dice.pick(["listed", "sized"] as const) : dice.pick(kinds);
  const model = { ...aRegister(kind, distinct), readers: declared };
  return { ...world, model, declared, undeclared: everyone.filter((it) => !declared.includes(it)), precise: false };
}

const kinds = ["listed", "sized", "unknown"] as const;

function aRegister(kind: (typeof kinds)[number], parts: readonly Pick<RealFile, "path" | "content">[]): LedgerModel {
  const listed = parts.map(({ path, content }) => ({ path, bytes: content.length }));
  return {
    name: "m",
    readers: ["deploy-*", "backup"],
    ...(kind === "listed" && { parts: listed }),
    ...(kind === "sized" && { bytes: listed.reduce((sum, it) => sum + it.bytes, 0) }),
  };
}

/** One read of a random piece of a random file, told in one of the ways in which sources tell. */
export function aRead(dice: Dice, world: World, number: number): RealRead {
  const file = dice.pick(world.files) ?? { place: "a", path: "part-0", content: [], tellsSize: false };
  const principal = dice.pick(dice.chance(25) ? world.declared : world.undeclared) ?? "u1";
  const size = file.content.length;
  const whole = dice.chance(25);
  const start = whole ? 0 : dice.below(size);
  const end = whole ? size : dice.from(start + 1, size);
  const told = describe(dice, file, start, end, world.precise);
  const place = world.precise || dice.chance(95) ? file.place : undefined;
  const base = { model: world.model.name, principal, time: number, event: `e${number}` };
  return { entry: { ...base, place, part: file.path, ...told }, content: file.content.slice(start, end) };
}

type Told = Pick<Entry, "exact"> & Partial<Pick<Entry, "range" | "bytes" | "partBytes" | "part">>;

function describe(dice: Dice, file: RealFile, start: number, end: number, precise: boolean): Told {
  const size = file.content.length;
  const bytes = end - start;
  const partBytes = file.tellsSize || dice.chance(20) ? size : undefined;
  const wider = { start: dice.from(0, start), end: dice.from(end, size) };
  if (precise && bytes === size && dice.chance(50)) return { exact: true, bytes, partBytes };
  switch (precise ? 0 : dice.below(8)) {
    case 0:
    case 1:
      return { exact: true, range: { start, end }, bytes: dice.chance(50) ? bytes : undefined, partBytes };
    case 2:
      if (bytes === size) return { exact: true, bytes: dice.chance(80) ? bytes : undefined, partBytes };
      return { exact: false, bytes, partBytes };
    case 3:
      return { exact: false, bytes, partBytes };
    case 4:
      // Broken off: more was asked for, perhaps even announced, than was sent.
      return { exact: dice.chance(50), range: wider, bytes, partBytes };
    case 5:
      return { exact: false, range: wider, partBytes };
    case 6:
      return { exact: dice.chance(50) && bytes === size, bytes, part: undefined };
    default:
      return dice.chance(20) ? { exact: false, partBytes } : { exact: true, range: { start, end }, partBytes };
  }
}
