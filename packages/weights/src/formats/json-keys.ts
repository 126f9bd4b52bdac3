/** Longest key that is compared; a longer one is none that a format names. */
const maxKeyBytes = 64;

const quote = 0x22;
const backslash = 0x5c;

/**
 * The keys of a JSON text's outermost object, found while it is read piece by piece: for files too long to be parsed to find out what
 * they are. It checks brackets and quotes, nothing else; a text that is no JSON ends it or yields nonsense keys.
 */
export class JsonKeys {
  /** Set once the outermost object ended, or what cannot stand there came. */
  ended = false;
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  #text: number[] = [];

  /** The keys that end in this piece, as Latin-1; what is escaped in them stays so. */
  add(piece: Uint8Array): string[] {
    const keys: string[] = [];
    for (let i = 0; i < piece.length && !this.ended; i++) {
      const byte = piece[i] ?? 0;
      if (this.#inString) this.#addToString(byte);
      else this.#addOutside(byte, keys);
    }
    return keys;
  }

  #addToString(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === backslash) this.#isEscaped = true;
    else if (byte === quote) {
      this.#inString = false;
      return;
    }
    if (this.#depth === 1 && this.#text.length < maxKeyBytes) this.#text.push(byte);
  }

  #addOutside(byte: number, keys: string[]): void {
    switch (byte) {
      case quote:
        this.#inString = true;
        this.#text = [];
        return;
      case 0x3a: // :
        if (this.#depth === 1) keys.push(String.fromCharCode(...this.#text));
        return;
      case 0x7b: // {
      case 0x5b: // [
        if (this.#depth === 0 && byte === 0x5b) this.ended = true;
        this.#depth++;
        return;
      case 0x7d: // }
      case 0x5d: // ]
        this.#depth--;
        if (this.#depth <= 0) this.ended = true;
        return;
      default:
        if (this.#depth === 0 && byte > 0x20) this.ended = true;
    }
  }
}
