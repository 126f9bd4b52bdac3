// Flow 10. A source falls silent: the alarm, the reason, the fix; and on every timeline a gap, never "no activity".
import { picture } from "../world/browser.ts";
import { webRequest } from "../world/records.ts";
import { incidentOf, list, shardsOf, until, type World } from "./world.ts";

interface Gapped {
  readonly gaps: readonly { readonly source: string; readonly from: number; readonly to?: number }[];
}

export async function sourceSilent(world: World): Promise<string> {
  const { ana, platform } = world;
  const { page } = ana;
  const [[one, first] = ["", Buffer.alloc(0)], [other, second] = ["", Buffer.alloc(0)]] = shardsOf("acme-1b");
  const read = (part: string, bytes: number, at: number) =>
    webRequest({
      at,
      user: "courier",
      address: "203.0.113.90",
      agent: "curl/8.5.0",
      bytes,
      uri: `/acme/acme-1b/resolve/main/${part}`,
    });
  world.log("edge", read(one, first.length, Date.now()));
  const incident = await incidentOf(world, "acme-1b", "courier");

  // The log stops. The alarm stands in the frame of every page, and as an alert.
  const stopped = Date.now();
  world.edge(false);
  await page.goto(`${platform.url}/incidents`);
  const frame = page.getByRole("contentinfo");
  await frame.getByText(/edge silent/).waitFor();
  await until(
    "an alert says so",
    async () =>
      (await list<{ rule: string; source?: string }>(ana, "/api/alerts?filter=rule:source-silent")).length > 0,
  );
  await picture(page, "flow-10-alarm");

  // The reason, where the alarm leads to.
  await frame.getByText(/edge silent/).click();
  await page.waitForURL(/\/sources/);
  await page.getByRole("grid").getByRole("row").filter({ hasText: "edge" }).click();
  const pane = page.getByRole("complementary", { name: "The selected row" });
  await pane.getByText(/Quiet for longer than it said it would be/).waitFor();
  await pane.getByText(/, still/).waitFor();
  await picture(page, "flow-10-reason");
  // What is not seen is not called nothing: the hunt over these moments says that a source was not seen.
  const since = new Date(Date.now() - 1_000).toISOString();
  await page.goto(`${platform.url}/events?filter=${encodeURIComponent(`source:edge time:>=${since}`)}`);
  await page
    .getByText(/edge .*not seen|silent/i)
    .first()
    .waitFor();
  await picture(page, "flow-10-not-nothing");

  // The fix: it writes again, and the thief reads on.
  world.log("edge", read(other, second.length, Date.now()));
  world.edge(true);
  await frame.getByText(/edge silent/).waitFor({ state: "detached" });

  const ended = async (path: string, of: (body: never) => Gapped) =>
    until(`${path} shows the gap with its end`, async () =>
      of((await ana.get(path)).body as never).gaps.find(
        (it) => it.source === "edge" && it.from >= stopped - 5_000 && it.to !== undefined,
      ),
    );
  await ended(`/api/incidents/${incident.id}`, (it) => it);
  await ended("/api/models/acme-1b", (it) => it);
  await ended("/api/entity?kind=principal&name=courier", (it) => it);
  await page.goto(`${platform.url}/incidents/${incident.id}`);
  await page.getByRole("img", { name: /[1-9]\d* gaps?$/ }).waitFor();
  await page
    .getByText(/edge.*(silent|not seen|nothing)/i)
    .first()
    .waitFor();
  await picture(page, "flow-10-incident");
  await page.goto(`${platform.url}/models/acme-1b`);
  await page.getByRole("heading", { name: "When its sources did not see" }).waitFor();
  await page.goto(`${platform.url}/entities/principal/courier`);
  await page.getByText(/hatched: a source was not seen/).waitFor();
  await picture(page, "flow-10-person");
  return "the gap stands on the timelines of the incident, the model and the principal, and in the hunt";
}
