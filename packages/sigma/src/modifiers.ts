import { parseNetwork } from "./cidr.ts";
import { base64, base64Offsets, utf16, utf8 } from "./encoding.ts";
import { refuse, type Path } from "./error.ts";
import { maxRegexPrograms } from "./limits.ts";
import { momentParts, type MomentPart } from "./moment.ts";
import { compileGlob, dashes, joinParts, parsePattern, type Part } from "./pattern.ts";
import { combine, fillParts, fillText, type Filling } from "./placeholder.ts";
import { compileRegex, quoteRegex, type RegexFlag } from "./regex.ts";
import type { Comparison, ValueTest } from "./value.ts";

/** A value on its way through the modifiers, which apply in the order written. */
export type Draft = TextDraft | RegexDraft | FieldDraft | NumberDraft | FinalDraft;

interface TextDraft {
  readonly kind: "text";
  /** As written, before any backslash was read. */
  readonly written: string;
  /** What YAML read, where it was not a text. */
  readonly value: string | number | boolean;
  readonly options: readonly (readonly Part[])[];
  readonly cased: boolean;
  /** True when the texts hold bytes, as characters 0 to 255. */
  readonly bytes: boolean;
  /** Modifiers applied so far, `expand` apart. */
  readonly touched: boolean;
  readonly expanded: boolean;
}
interface RegexDraft {
  readonly kind: "regex";
  readonly sources: readonly string[];
  readonly flags: readonly RegexFlag[];
}
interface FieldDraft {
  readonly kind: "field";
  readonly field: string;
  readonly openStart: boolean;
  readonly openEnd: boolean;
  readonly cased: boolean;
}
interface NumberDraft {
  readonly kind: "number";
  readonly number: number;
  readonly op: Comparison | undefined;
  readonly part: MomentPart | undefined;
}
interface FinalDraft {
  readonly kind: "final";
  readonly tests: readonly ValueTest[];
}

interface Context {
  readonly name: string;
  readonly path: Path;
  readonly filling: Filling;
}
type Modifier = (draft: Draft, context: Context) => Draft;

/** Modifiers of a value. `all` and `neq` are of the whole line and live in `selection.ts`. */
const modifiers: Readonly<Record<string, Modifier>> = {
  contains: opened(true, true),
  startswith: opened(false, true),
  endswith: opened(true, false),
  cased: (draft, context) => {
    if (draft.kind === "field") return { ...draft, cased: true };
    return { ...asText(draft, context), cased: true, touched: true };
  },
  windash: (draft, context) => {
    const text = asText(draft, context);
    return { ...text, options: text.options.map((it) => it.flatMap(withDashes)), touched: true };
  },
  wide: encoded((bytes) => utf16(bytes, "little")),
  utf16le: encoded((bytes) => utf16(bytes, "little")),
  utf16be: encoded((bytes) => utf16(bytes, "big")),
  utf16: encoded((bytes) => utf16(bytes, "little"), "\u00ff\u00fe"),
  base64: (draft, context) => encodeWhole(draft, context, (bytes) => [base64(bytes)]),
  base64offset: (draft, context) =>
    encodeWhole(draft, context, (bytes) => {
      // From two bytes on, each of the three starts leaves a character of its own; below, the rest would match anything.
      if (bytes.length < 2) refuse("BAD_VALUE", context.path, "one byte is too short for |base64offset");
      return base64Offsets(bytes);
    }),
  re: (draft, context) => {
    const { written, expanded } = untouched(asText(draft, context), context);
    if (expanded) refuse("BAD_MODIFIER", context.path, "|expand has to stand after |re");
    return { kind: "regex", sources: [written], flags: [] };
  },
  i: flagged("i"),
  m: flagged("m"),
  s: flagged("s"),
  expand: (draft, context) => {
    if (draft.kind === "regex") return { ...draft, sources: draft.sources.flatMap((it) => expandRegex(it, context)) };
    const text = asText(draft, context);
    const options = text.options.flatMap((it) => fillParts(joinParts(it), context.filling, context.path));
    return { ...text, options, expanded: true };
  },
  cidr: (draft, context) => {
    const texts = untouched(asText(draft, context), context).options.map((it) => plainText(it, context));
    return {
      kind: "final",
      tests: texts.map((it) => ({ kind: "network", network: parseNetwork(it, context.path) })),
    };
  },
  exists: (draft, context) => {
    const { value } = untouched(asText(draft, context), context);
    if (typeof value !== "boolean") refuse("BAD_VALUE", context.path, "|exists wants true or false");
    return { kind: "final", tests: [{ kind: "exists", wanted: value }] };
  },
  fieldref: (draft, context) => {
    const { options } = untouched(asText(draft, context), context);
    const [field, ...more] = options.map((it) => plainText(it, context));
    if (!field || more.length > 0) refuse("BAD_VALUE", context.path, "|fieldref wants the name of one field");
    return { kind: "field", field, openStart: false, openEnd: false, cased: false };
  },
  lt: compared("lt"),
  lte: compared("lte"),
  gt: compared("gt"),
  gte: compared("gte"),
  ...Object.fromEntries(momentParts.map((part): [string, Modifier] => [part, ofMoment(part)])),
};

/** Every modifier that a field may have. */
export const modifierNames: readonly string[] = [...Object.keys(modifiers), "all", "neq"];

export function isModifier(name: string): boolean {
  return Object.hasOwn(modifiers, name);
}

/** The tests that a written value becomes: any one of them stands for it. */
export function applyModifiers(
  value: string | number | boolean,
  names: readonly string[],
  filling: Filling,
  path: Path,
): ValueTest[] {
  const written = String(value);
  // A number or truth value has no wildcards; in a text, only `|re` reads the backslashes itself.
  const options = [typeof value === "string" ? parsePattern(written) : [{ text: written }]];
  let draft: Draft = {
    kind: "text",
    written,
    value,
    options,
    cased: false,
    bytes: false,
    touched: false,
    expanded: false,
  };
  for (const name of names) {
    const modifier = isModifier(name) ? modifiers[name] : undefined;
    if (!modifier) refuse("UNKNOWN_MODIFIER", path, `unknown modifier |${name.slice(0, 40)}`);
    draft = modifier(draft, { name, path, filling });
  }
  return finish(draft, filling, path);
}

function finish(draft: Draft, { regexes }: Filling, path: Path): ValueTest[] {
  switch (draft.kind) {
    case "text":
      return draft.options.map((it) => ({ kind: "glob", glob: compileGlob(it, draft.cased) }));
    case "regex":
      return draft.sources.map((it) => {
        const regex = compileRegex(it, draft.flags, path);
        regexes.size += regex.size;
        if (regexes.size > maxRegexPrograms)
          refuse("TOO_MANY", path, `its regular expressions have more than ${maxRegexPrograms} instructions`);
        return { kind: "regex", regex };
      });
    case "final":
      return [...draft.tests];
    default:
      return [draft];
  }
}

function opened(start: boolean, end: boolean): Modifier {
  return (draft, context) => {
    // A regular expression is found anywhere, unless it is tied to an end.
    if (draft.kind === "regex") {
      const tie = (it: string): string => `${start ? "" : "^"}(?:${it})${end ? "" : "$"}`;
      return { ...draft, sources: start && end ? draft.sources : draft.sources.map(tie) };
    }
    if (draft.kind === "field") {
      return { ...draft, openStart: draft.openStart || start, openEnd: draft.openEnd || end };
    }
    const text = asText(draft, context);
    const many: Part = { wild: "many" };
    const options = text.options.map((it) => [...(start ? [many] : []), ...it, ...(end ? [many] : [])]);
    return { ...text, options, touched: true };
  };
}

function flagged(flag: RegexFlag): Modifier {
  return (draft, { path }) => {
    if (draft.kind !== "regex") refuse("BAD_MODIFIER", path, `|${flag} has to stand after |re`);
    return { ...draft, flags: [...draft.flags, flag] };
  };
}

function compared(op: Comparison): Modifier {
  return (draft, context) => {
    const number = asNumber(draft, context);
    if (number.op) refuse("BAD_MODIFIER", context.path, `|${number.op} and |${op} can't stand together`);
    return { ...number, op };
  };
}

function ofMoment(part: MomentPart): Modifier {
  return (draft, context) => {
    const number = asNumber(draft, context);
    if (number.part) refuse("BAD_MODIFIER", context.path, `|${number.part} and |${part} can't stand together`);
    return { ...number, part };
  };
}

/** Encodes each stretch of text by itself and keeps the wildcards. */
function encoded(encode: (text: string) => string, mark = ""): Modifier {
  return (draft, context) => {
    const text = asText(draft, context);
    if (text.bytes) refuse("BAD_MODIFIER", context.path, `|${context.name} can't stand after another encoding`);
    const options = withoutDashes(text.options, context.path).map((parts) => {
      const units = parts.map((it) => ("text" in it ? { text: encode(it.text) } : it));
      return mark === "" ? units : [{ text: mark }, ...units];
    });
    return { ...text, options, bytes: true, touched: true };
  };
}

function encodeWhole(draft: Draft, context: Context, encode: (bytes: string) => string[]): Draft {
  const text = asText(draft, context);
  const plain = withoutDashes(text.options, context.path).map((it) => plainText(it, context));
  const options = plain.flatMap((it) => encode(text.bytes ? it : utf8(it))).map((it) => [{ text: it }]);
  return { ...text, options, bytes: false, touched: true };
}

// `\B[-/]\b`: a dash that starts a word and is not inside one, so the second dash of `-param-name` stays.
const optionStart = /(?<![\p{L}\p{N}_])[-/](?=[\p{L}\p{N}_])/gu;

function withDashes(part: Part): Part[] {
  if (!("text" in part)) return [part];
  const texts = part.text.split(optionStart);
  return joinParts(texts.flatMap((text, place): Part[] => (place === 0 ? [{ text }] : [{ wild: "dash" }, { text }])));
}

/** Writes the dashes out, for encodings that have no wildcards. */
function withoutDashes(options: readonly (readonly Part[])[], path: Path): Part[][] {
  return options.flatMap((parts) => {
    let heads: Part[][] = [[]];
    for (const part of parts) {
      const isDash = "wild" in part && part.wild === "dash";
      heads = combine(heads, isDash ? [...dashes].map((text) => [{ text }]) : [[part]], path);
    }
    return heads.map((it) => joinParts(it));
  });
}

function expandRegex(source: string, { filling, path }: Context): string[] {
  const print = (parts: Part[]): string =>
    parts.map((it) => ("text" in it ? quoteRegex(it.text) : it.wild === "many" ? ".*" : ".")).join("");
  return fillText(source, filling, print, path);
}

function asText(draft: Draft, { name, path }: Context): TextDraft {
  if (draft.kind !== "text") refuse("BAD_MODIFIER", path, `|${name} can't stand after a modifier that ends the text`);
  return draft;
}

function asNumber(draft: Draft, { name, path }: Context): NumberDraft {
  if (draft.kind === "number") return draft;
  if (draft.kind !== "text" || draft.touched) refuse("BAD_MODIFIER", path, `|${name} applies to plain numbers alone`);
  if (typeof draft.value !== "number") refuse("BAD_VALUE", path, `|${name} wants a number`);
  return { kind: "number", number: draft.value, op: undefined, part: undefined };
}

function untouched(draft: TextDraft, { name, path }: Context): TextDraft {
  if (draft.touched) refuse("BAD_MODIFIER", path, `|${name} applies to unmodified values alone`);
  return draft;
}

function plainText(parts: readonly Part[], { name, path }: Context): string {
  const texts = parts.map((it) => ("text" in it ? it.text : undefined));
  if (texts.includes(undefined)) refuse("BAD_VALUE", path, `|${name} can't be applied to wildcards`);
  return texts.join("");
}
