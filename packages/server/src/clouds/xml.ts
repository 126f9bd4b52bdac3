// Answers of AWS's query interface: elements and text. Whatever else XML may hold, such as entities of one's own, is refused.
import { maxXmlDepth, maxXmlElements } from "./limits.ts";

/** Text of an element without children; else its children by name, `member`s as a list. */
export type XmlValue = string | readonly XmlValue[] | { readonly [name: string]: XmlValue };

interface Open {
  readonly name: string;
  readonly children: [string, XmlValue][];
  text: string;
}

const piece = /<\?[^<>]{0,200}\?>|<(\/?)([A-Za-z_][\w.-]{0,127})([^<>]{0,1000}?)(\/?)>|([^<]+)/y;
const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** The outermost element's name and value; undefined for what is none, is too deep or has too many elements. Attributes are passed over. */
export function readXml(text: string): { readonly name: string; readonly value: XmlValue } | undefined {
  const open: Open[] = [{ name: "", children: [], text: "" }];
  let elements = 0;
  piece.lastIndex = 0;
  while (piece.lastIndex < text.length) {
    const found = piece.exec(text);
    const inner = open.at(-1);
    if (!found || !inner) return undefined;
    const [, closes = "", name, , single = "", words] = found;
    if (words !== undefined) inner.text += words;
    if (name === undefined) continue;
    if (closes === "") {
      if (++elements > maxXmlElements || open.length > maxXmlDepth) return undefined;
      open.push({ name, children: [], text: "" });
      if (single === "") continue;
    }
    const ended = open.pop();
    const outer = open.at(-1);
    if (!ended || !outer || ended.name !== name) return undefined;
    outer.children.push([name, valueOf(ended)]);
  }
  const [whole, ...more] = open[0]?.children ?? [];
  if (open.length !== 1 || !whole || more.length > 0) return undefined;
  return { name: whole[0], value: whole[1] };
}

function valueOf({ children, text }: Open): XmlValue {
  if (children.length === 0) return text.replace(/&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(\w{2,4}));/g, character);
  if (children.every(([name]) => name === "member")) return children.map(([, value]) => value);
  return Object.fromEntries(children);
}

function character(written: string, decimal?: string, hexadecimal?: string, name?: string): string {
  if (name !== undefined) return entities[name] ?? written;
  const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hexadecimal ?? "", 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : written;
}
