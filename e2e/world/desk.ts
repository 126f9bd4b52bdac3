// An analyst's desk without a browser: signs in by the one-time link, sends records, and waits for incidents.
import { sessionHeader, type Alert, type Incident } from "@outweigh/schema";
import { patiently } from "../../packages/server/src/testing/a-server.ts";
import { run, type Platform } from "./platform.ts";

export interface Desk {
  get(path: string): Promise<unknown>;
  text(path: string): Promise<string>;
  incidents(): Promise<Incident[]>;
  alerts(): Promise<Alert[]>;
  /** Sends records of one source. @returns When the last byte was handed over, in ms since 1970. */
  send(source: string, records: readonly string[]): Promise<number>;
  /** The first incident that is wanted, and how long after `since` it was there, in ms; undefined after two minutes. */
  waitFor(
    wanted: (it: Incident) => boolean,
    since: number,
  ): Promise<{ incident: Incident; tookMs: number } | undefined>;
}

/** Signs in at a platform that works in `data`. */
export async function sitDown(platform: Platform, data: string, cwd: string): Promise<Desk> {
  const answer = await patiently(platform.link, { redirect: "manual", headers: { accept: "application/json" } });
  const cookie = (answer.headers.getSetCookie()[0] ?? "").split(";")[0] ?? "";
  const { key } = (await answer.json()) as { key: string };
  const headers = { cookie, origin: platform.url, [sessionHeader]: key };
  const tokens = new Map<string, string>();
  const get = async (path: string) => (await patiently(platform.url + path, { headers })).json() as Promise<unknown>;
  const list = async <T>(path: string) => ((await get(path)) as { items: T[] }).items;
  const desk: Desk = {
    get,
    text: async (path) => (await patiently(platform.url + path, { headers })).text(),
    incidents: () => list<Incident>("/api/incidents?limit=200"),
    alerts: () => list<Alert>("/api/alerts?limit=500"),
    send: async (source, records) => {
      const token = tokens.get(source) ?? tokenFor(source, data, cwd);
      tokens.set(source, token);
      const sent = await patiently(`${platform.url}/api/ingest/${source}`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
        body: records.join("\n") + "\n",
      });
      if (!sent.ok) throw new Error(`${source}: ${sent.status} ${await sent.text()}`);
      return Date.now();
    },
    waitFor: async (wanted, since) => {
      for (const until = Date.now() + 120_000; Date.now() < until;) {
        const incident = (await desk.incidents()).find(wanted);
        if (incident) return { incident, tookMs: Date.now() - since };
        await new Promise((done) => setTimeout(done, 100));
      }
      return undefined;
    },
  };
  return desk;
}

/** A token for one source, as a person makes it. */
export function tokenFor(source: string, data: string, cwd: string): string {
  const made = run(["token", "create", "--source", source, "--data", data, "--json"], cwd);
  if (made.code !== 0) throw new Error(made.stderr);
  return (JSON.parse(made.stdout) as { secret: string }).secret;
}
