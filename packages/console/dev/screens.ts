// Every screen of the console over the sample's day, and how to know that it stands: what is photographed and held to be accessible.
import type { Page } from "playwright-core";
import { clients } from "../src/sample/world.ts";
import type { Mood } from "./server.ts";

export interface Screen {
  readonly name: string;
  readonly path: string;
  /** A text that this screen alone has: once it is seen, the screen stands. */
  readonly sees: string | RegExp;
  readonly mood?: Mood;
  /** What a person does before there is something to see, such as opening a dialog. */
  readonly act?: (page: Page) => Promise<void>;
}

/** The client that a gateway's detectors found, as an address names it. */
const resell = encodeURIComponent(clients.find((it) => it.principal === "resell/eu")?.id ?? "");

const press = (name: string | RegExp) => async (page: Page) => page.getByRole("button", { name }).first().click();
const keys =
  (...all: string[]) =>
  async (page: Page) => {
    await page.locator("main [role=row], main h2").nth(1).waitFor();
    for (const key of all) await page.keyboard.press(key);
  };

const lists: readonly Screen[] = [
  { name: "incidents", path: "/incidents", sees: "Logprobs asked for on every call" },
  { name: "alerts", path: "/alerts?sel=a-1", sees: "Weights fetched in pieces" },
  { name: "events", path: "/events", sees: "aws-sdk-go-v2/1.30" },
  { name: "event", path: "/events?sel=e-100&wide=1", sees: "api.service.name" },
  { name: "events-sorted", path: "/events?sort=time", sees: "model-00001-of-00048.safetensors" },
  { name: "models", path: "/models", sees: "canary-7b" },
  { name: "sources", path: "/sources?sel=registry", sees: "Who is behind a shared token" },
  { name: "source-mixed", path: "/sources?sel=logs", sees: "level=info msg=started" },
  { name: "hosts", path: "/hosts?sel=h-1", sees: "nb-eve" },
  { name: "clients", path: `/clients?sel=${resell}`, sees: "nightly-batch" },
  { name: "client-keys", path: "/client-keys", sees: "old-partner" },
  { name: "captures", path: "/captures?sel=act-10", sees: /Its key was given/ },
  { name: "captures-running", path: "/captures?sel=act-9", sees: "outweigh capture open act-9" },
  { name: "capture-open", path: "/captures?sel=act-10", sees: "What would happen", act: press("Ask to open it") },
  { name: "watched", path: "/watched?sel=host+nb-eve", sees: "End the watch" },
  { name: "watched-end", path: "/watched", sees: "Keep watching", act: press("End the watch") },
  { name: "rules", path: "/rules", sees: "A source fell silent" },
  { name: "own-rules", path: "/own-rules", sees: "The mirror reads what it mirrors" },
  { name: "actions", path: "/actions?sel=act-2", sees: /acme-embed\.bin/ },
  { name: "action-pending", path: "/actions?sel=act-5", sees: "Approve and do it" },
  { name: "action-undone", path: "/actions?sel=act-4", sees: "the staging copy is declared now" },
  { name: "action-seen", path: "/actions?sel=act-6", sees: /acme-models has no statement/ },
  { name: "action-unknown", path: "/actions?sel=act-8", sees: /whether it was done could not be seen/ },
  { name: "evidence", path: "/evidence", sees: /the backup job was new/ },
];

const pages: readonly Screen[] = [
  { name: "incident", path: "/incidents/inc-214", sees: "What happened" },
  { name: "incident-graph", path: "/incidents/inc-214?tab=graph", sees: /uid:1001/ },
  { name: "incident-alerts", path: "/incidents/inc-214?tab=alerts", sees: "Split" },
  { name: "incident-activity", path: "/incidents/inc-214?tab=activity", sees: /as a pack/ },
  { name: "alert", path: "/alerts/a-1", sees: "Particulars" },
  {
    name: "entity",
    path: "/entities/principal/arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fanalytics",
    sees: "ASIAANALYTICS",
  },
  { name: "entity-kind", path: "/entities/ip/203.0.113.9", sees: "Pages here are of four kinds" },
  { name: "entity-unknown", path: "/sample/entities/address/198.51.100.77", sees: "No event names this address" },
  { name: "model", path: "/models/acme-13b", sees: "0.0.0.0:8000" },
  { name: "host", path: "/hosts/h-1", sees: "containerd-shim" },
  { name: "host-timeline", path: "/hosts/h-1?tab=timeline&filter=", sees: /no report for longer/ },
  { name: "host-egress", path: "/hosts/h-1?tab=egress", sees: "203.0.113.9" },
  { name: "host-scans", path: "/hosts/h-1?tab=scans", sees: /holiday\.jpg/ },
  { name: "host-agent", path: "/hosts/h-1?tab=agent", sees: "INC-214: who has it open?" },
  { name: "host-nothing", path: "/hosts/h-2", sees: "No process handled watched weights in this time" },
  { name: "host-unknown", path: "/sample/hosts/h-77", sees: "There is no such host" },
  { name: "scans", path: "/scans/gpu-9", sees: /holiday\.jpg/ },
  { name: "client", path: `/clients/${resell}`, sees: "Label only" },
  {
    name: "clients-beside",
    path: `/clients/${resell}/beside/${resell.replace("eu", "us")}`,
    sees: "resell/us",
  },
  { name: "posture", path: "/posture", sees: "Every host with weights has an agent that reports" },
  { name: "posture-paths", path: "/posture?tab=paths", sees: "gpasswd --delete ann docker" },
  { name: "posture-coverage", path: "/posture?tab=coverage", sees: /AML\.T/ },
  { name: "own-rule-draft", path: "/own-rules/draft?by=alert&sel=a-1", sees: "Keep as a draft" },
  { name: "report", path: "/report", sees: "weights_read_with_download_tool" },
  { name: "settings", path: "/settings", sees: "sso:kim@acme.example" },
  { name: "invitation", path: "/invitation#x", sees: "kim" },
  { name: "sample", path: "/sample/incidents", sees: "Sample: none of this happened." },
];

const acts: readonly Screen[] = [
  {
    name: "posture-history",
    path: "/posture",
    sees: "Every host with weights has an agent that reports",
    act: async (page) => {
      await page.getByRole("button", { name: "Evidence and history" }).nth(1).click();
    },
  },
  {
    name: "posture-proof",
    path: "/posture?tab=paths",
    sees: "/run/docker.sock 0660 root:docker",
    act: async (page) => {
      await page.getByRole("button", { name: "member of docker: ann to root of gpu-9, verified" }).press("Enter");
    },
  },
  { name: "ask-host", path: "/hosts?sel=h-1", sees: "What to ask", act: press("Ask this host") },
  { name: "host-facts", path: "/hosts?sel=h-1", sees: "/sbin/init", act: press("Read the facts") },
  {
    name: "order-client",
    path: `/clients/${resell}`,
    sees: "What would happen",
    act: press("Turn here: Label only"),
  },
  { name: "make-key", path: "/client-keys", sees: "Make the key", act: press("Make a key") },
  {
    name: "settings-connections",
    path: "/settings",
    sees: /the token sees acme/,
    act: async (page) => {
      for (const name of ["hub", "code"]) await press(`Test the connection ${name}`)(page);
      await page.getByText("the token sees").scrollIntoViewIfNeeded();
    },
  },
  {
    name: "hunt-rule",
    path: "/events?filter=principal:old-ci",
    sees: "A rule to begin with",
    act: press("Make a rule"),
  },
  { name: "pin", path: "/events?sel=e-100", sees: "Pin it", act: press("Pin to an incident") },
  { name: "guide", path: "/incidents", sees: "Or let go", act: keys("?") },
  {
    name: "palette",
    path: "/incidents",
    sees: "Hunt for acme in all events",
    act: async (page) => {
      await keys("Control+k")(page);
      await page.getByRole("combobox", { name: "Find anything" }).fill("acme");
    },
  },
  {
    name: "respond",
    path: "/incidents/inc-214",
    sees: "It can be undone.",
    act: async (page) => {
      await keys("r")(page);
      await page.getByRole("dialog").getByText("Quarantine m.gguf").click();
      await page.getByLabel(/reason/i).fill("not a declared copy");
    },
  },
  {
    name: "close",
    path: "/incidents/inc-214",
    sees: "True positive",
    act: async (page) => {
      await keys("e")(page);
      await page.getByText("True positive").click();
    },
  },
  { name: "split", path: "/incidents/inc-214?tab=alerts", sees: "Split: take alerts out", act: keys("s") },
  { name: "merge", path: "/incidents", sees: "Which one holds the others", act: keys("x", "j", "x", "m") },
  {
    name: "filter",
    path: "/incidents",
    sees: "model:",
    act: async (page) => {
      await keys("/")(page);
      await page.getByLabel("Filter", { exact: true }).fill("status:open m");
    },
  },
  { name: "bulk", path: "/incidents", sees: "3 selected", act: keys("x", "j", "x", "j", "x") },
];

const others: readonly Screen[] = [
  { name: "empty", path: "/incidents", mood: "empty", sees: "No open incident, and no source of logs yet" },
  { name: "empty-models", path: "/models", mood: "empty", sees: "No model is known" },
  { name: "empty-sources", path: "/sources", mood: "empty", sees: "No source connected" },
  { name: "empty-hosts", path: "/hosts", mood: "empty", sees: "No host has an agent" },
  { name: "empty-clients", path: "/clients", mood: "empty", sees: "No gateway before your models" },
  { name: "empty-client-keys", path: "/client-keys", mood: "empty", sees: "No client has a key" },
  { name: "empty-captures", path: "/captures", mood: "empty", sees: "Nothing was captured" },
  { name: "empty-watched", path: "/watched", mood: "empty", sees: "Nothing is watched" },
  { name: "empty-own-rules", path: "/own-rules", mood: "empty", sees: /Nobody wrote an exception/ },
  { name: "empty-posture", path: "/posture?tab=paths", mood: "empty", sees: "Nothing was scanned yet:" },
  { name: "broken", path: "/events", mood: "broken", sees: "ENGINE_DOWN" },
];

export const screens: readonly Screen[] = [...lists, ...pages, ...acts, ...others];
