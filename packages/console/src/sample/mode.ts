/** Where the sample lies: in the address, and nowhere else. */
const root = "/sample";

/**
 * Whether this page shows the sample. It holds until the page is loaded anew, and every way in or out of the sample loads it
 * anew: what belongs to one never meets what belongs to the other.
 */
export const isSample = location.pathname === root || location.pathname.startsWith(`${root}/`);

/** What stands before every address of this page. */
export const basepath = isSample ? root : "/";

/** The same page in the sample. */
export function inSample(path: string): string {
  return root + path;
}
