// When the made-up day is looked at, and what its parts share.

export const min = 60_000;
export const hour = 60 * min;
export const day = 24 * hour;

/** The moment at which the made-up day is looked at. */
export const now = Date.now();
export const began = now - 62 * min;

/** A made-up digest: 64 hexadecimal digits, always the same for a text, and of nothing (FNV-1a, eight times over). */
export function sha(text: string): string {
  let hash = 0x811c9dc5;
  let digest = "";
  for (let part = 0; part < 8; part++) {
    for (const it of `${part}${text}`) hash = Math.imul(hash ^ (it.codePointAt(0) ?? 0), 0x01000193) >>> 0;
    digest += hash.toString(16).padStart(8, "0");
  }
  return digest;
}
export const analytics = "arn:aws:iam::111122223333:role/analytics";
