// What the compiler refuses: each line that it has to refuse is marked, and a mark on a line that it takes is an error itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { outweigh, type Api, type Item, type Shape } from "./index.ts";

// Compiled, never called.
async function program(api: Api) {
  const { items, next } = await api.get("/api/incidents", {
    query: { filter: "status:new", limit: 10, sort: undefined },
  });
  const [first] = items satisfies Shape["IncidentRow"][];
  next satisfies string | undefined;
  const severity: "informational" | "low" | "medium" | "high" | "critical" | undefined = first?.severity;
  const { story } = await api.get("/api/incidents/{id}", { path: { id: first?.id ?? "" } });
  const pack: string = await api.get("/api/incidents/{id}/pack", { path: { id: "INC-7" } });
  const row: Shape["IncidentRow"] = await api.post("/api/incidents/{id}/comments", {
    path: { id: "INC-7" },
    body: { text: "seen" },
  });
  for await (const it of api.each("/api/alerts")) it satisfies Item<"/api/alerts">;
  for await (const { noun } of api.live()) noun satisfies "incident" | string;
  await api.post("/api/hosts/enrolments", {});
  (await api.post("/api/session/end")) satisfies undefined;
  await api.post("/api/ingest/{source}", { path: { source: "registry" }, body: "one line\n" });

  // @ts-expect-error There is no such address.
  await api.get("/api/incident");
  // @ts-expect-error It is there to be sent to, and not to be read.
  await api.get("/api/incidents/{id}/comments", { path: { id: "INC-7" } });
  // @ts-expect-error It never ends: `live` is for it.
  await api.get("/api/live");
  // @ts-expect-error The address wants an id.
  await api.get("/api/incidents/{id}");
  // @ts-expect-error And it is called so.
  await api.get("/api/incidents/{id}", { path: { incident: "INC-7" } });
  // @ts-expect-error A list knows no such parameter.
  await api.get("/api/incidents", { query: { status: "new" } });
  // @ts-expect-error A page's length is a number.
  await api.get("/api/incidents", { query: { limit: "10" } });
  // @ts-expect-error Misspelt.
  await api.get("/api/incidents", { qurey: {} });
  // @ts-expect-error It wants to know as what.
  await api.get("/api/incidents/{id}/export", { path: { id: "INC-7" } });
  // @ts-expect-error A comment has a text.
  await api.post("/api/incidents/{id}/comments", { path: { id: "INC-7" } });
  // @ts-expect-error And nothing else.
  await api.post("/api/incidents/{id}/comments", { path: { id: "INC-7" }, body: { text: "seen", by: "me" } });
  // @ts-expect-error There is no such verdict.
  await api.post("/api/incidents/{id}/status", { path: { id: "7" }, body: { status: "closed", verdict: "true" } });
  // @ts-expect-error One thing is no list.
  api.each("/api/overview");
  // @ts-expect-error An answer has no such member.
  const { incidents } = await api.get("/api/overview");
  return { severity, story, pack, row, incidents };
}

test("the compiler refuses what the description does not have", () => {
  assert.equal(program.length, 1);
  assert.equal(typeof outweigh, "function");
});
