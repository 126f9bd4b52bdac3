/**
 * The line, from 1, on which a value of a JSON text begins. Undefined if there is none at this pointer.
 *
 * @param text JSON that was parsed before.
 * @param pointer Names and indexes from the root: `["Statement", 0]`.
 */
export function lineOf(text: string, pointer: readonly (string | number)[]): number | undefined {
  const scanner = new Scanner(text);
  for (const step of pointer) if (!scanner.enter(step)) return undefined;
  return text.slice(0, scanner.at).split("\n").length;
}

/** `/RoleDetailList/0`, as RFC 6901 writes it. */
export function pointerText(pointer: readonly (string | number)[]): string {
  return pointer.map((it) => `/${String(it).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** Walks JSON without building it, and without recursion: a hostile file is deep. */
class Scanner {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#blanks();
  }

  /** Goes to a member of the object, or an element of the list, that begins here. */
  enter(step: string | number): boolean {
    const open = this.#text[this.at];
    if (open !== (typeof step === "string" ? "{" : "[")) return false;
    this.at++;
    for (let index = 0; ; index++) {
      this.#blanks();
      if (this.at >= this.#text.length || this.#text[this.at] === "}" || this.#text[this.at] === "]") return false;
      let key: string | number = index;
      if (open === "{") {
        const start = this.at;
        this.#skipText();
        key = asText(this.#text.slice(start, this.at));
        this.#blanks();
        this.at++; // the colon
        this.#blanks();
      }
      if (key === step) return true;
      this.#skipValue();
      this.#blanks();
      if (this.#text[this.at] === ",") this.at++;
    }
  }

  #blanks(): void {
    while (/\s/.test(this.#text[this.at] ?? "")) this.at++;
  }

  #skipText(): void {
    for (this.at++; this.at < this.#text.length && this.#text[this.at] !== '"'; this.at++) {
      if (this.#text[this.at] === "\\") this.at++;
    }
    this.at++;
  }

  #skipValue(): void {
    for (let depth = 0; this.at < this.#text.length;) {
      const char = this.#text[this.at];
      if (char === '"') this.#skipText();
      else if (depth === 0 && (char === "," || char === "}" || char === "]")) return;
      else {
        if (char === "{" || char === "[") depth++;
        if (char === "}" || char === "]") depth--;
        this.at++;
      }
      if (depth === 0 && (char === '"' || char === "}" || char === "]")) return;
    }
  }
}

function asText(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "string" ? value : "";
  } catch {
    return "";
  }
}
