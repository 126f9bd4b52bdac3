/**
 * Texts as a thief's tools encode them. Bytes are kept as texts of characters 0 to 255, so that what is not valid
 * UTF-8 survives from one modifier to the next.
 */

/** The UTF-8 bytes of a text. */
export function utf8(text: string): string {
  let bytes = "";
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}

/** The UTF-16 bytes of a text, without a byte order mark. */
export function utf16(text: string, order: "little" | "big"): string {
  let bytes = "";
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const [low, high] = [String.fromCharCode(unit & 0xff), String.fromCharCode(unit >> 8)];
    bytes += order === "little" ? low + high : high + low;
  }
  return bytes;
}

/** Base64 of bytes, with padding. */
export function base64(bytes: string): string {
  return btoa(bytes);
}

/**
 * How bytes look inside the base64 of something longer, for each of the three places they may start at: the
 * characters that depend on these bytes alone. A start that leaves no such character is left out.
 */
export function base64Offsets(bytes: string): string[] {
  return [0, 1, 2]
    .map((before) => {
      const encoded = btoa("\0".repeat(before) + bytes);
      // A character holds six bits: the first ones also hold bits of what stands before, the last one of what follows.
      return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    })
    .filter((it) => it !== "");
}
