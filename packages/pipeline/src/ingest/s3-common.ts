/** What the logs of S3 and of servers that speak its protocol share. */
import { timeOf } from "./ocsf.ts";

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `31/Jan/2023:09:25:21 +0000` as ms since 1970; undefined for anything else. */
export function clfTime(text: string): number | undefined {
  const it = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})$/.exec(text);
  if (!it) return undefined;
  const [, day, name = "", year, clock, zone] = it;
  const month = months.indexOf(name) + 1;
  return month === 0 ? undefined : timeOf(`${year}-${String(month).padStart(2, "0")}-${day}T${clock}${zone}`);
}

/**
 * A record without the secrets in it: whoever has a presigned address may fetch the object until it expires,
 * and a session token is half a key. Knows S3's (both versions), CloudFront's, Google's and Azure's parameters.
 */
export function withoutSignatures(text: string): string {
  // One plain search for what all of these names have in common: most records have none.
  if (!/sig|security-token/i.test(text)) return text;
  return text
    .replace(
      /((?:X-(?:Amz|Goog)-Signature|X-Amz-Security-Token|[?&](?:Signature|sig))(?:=|%3D|":\s*"))[^&\s"]+/gi,
      "$1…",
    )
    .replace(/(Signature=)[0-9a-f]{16,}/gi, "$1…");
}
