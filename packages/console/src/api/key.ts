// The session's key: the second secret, beside the cookie that the browser sends by itself. It never leaves this origin.
import { sessionHeader } from "@outweigh/schema";

/** How long other tabs are given to answer, in ms: they are in the same browser. */
const askMs = 200;

let key = sessionStorage.getItem(sessionHeader) ?? undefined;

/** Between tabs of this origin alone, which other ports are not. */
const tabs = new BroadcastChannel(sessionHeader);

/** What one tab asks the others for: a key, other than the one that did not work. */
interface Question {
  readonly ask: true;
  readonly not: string | undefined;
}

tabs.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
  if (isQuestion(data) && key !== undefined && key !== data.not) tabs.postMessage({ key });
});

function isQuestion(data: unknown): data is Question {
  return typeof data === "object" && data !== null && "ask" in data && "not" in data;
}

/** The key as a header; none when neither this tab nor another one is signed in. */
export async function keyHeader(): Promise<Record<string, string>> {
  if (key === undefined) await anotherKey();
  return key === undefined ? {} : { [sessionHeader]: key };
}

/** This tab is signed in from now on. */
export function keepKey(fresh: string): void {
  key = fresh;
  sessionStorage.setItem(sessionHeader, fresh);
}

let asking: Promise<boolean> | undefined;

/** Asks the other tabs for a key that is not ours: a new tab has none, and one that was signed in before has an old one. */
export function anotherKey(): Promise<boolean> {
  asking ??= ask().finally(() => (asking = undefined));
  return asking;
}

function ask(): Promise<boolean> {
  return new Promise((done) => {
    const end = (found: boolean) => {
      clearTimeout(late);
      tabs.removeEventListener("message", hear);
      done(found);
    };
    const hear = ({ data }: MessageEvent<unknown>) => {
      if (typeof data !== "object" || data === null || !("key" in data) || typeof data.key !== "string") return;
      keepKey(data.key);
      end(true);
    };
    const late = setTimeout(() => end(false), askMs);
    tabs.addEventListener("message", hear);
    tabs.postMessage({ ask: true, not: key } satisfies Question);
  });
}
