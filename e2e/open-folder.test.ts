// Exposed storage: a link to a whole account, good for 25 years, in a repository; and real nginx that lists a folder of checkpoints.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ScanReport } from "@outweigh/schema";
import { freePort } from "./world/docker-registry.ts";
import { outweighBin, run, storyFolder } from "./world/platform.ts";
import { replayed, rulesOf, tell } from "./world/story.ts";
import { noiseSafetensors } from "./world/weights.ts";

const nginx = "/usr/sbin/nginx";
const skip =
  (process.platform !== "linux" || process.geteuid?.() !== 0) &&
  "needs root on Linux, to put a configuration where nginx has it";
const noNginx = skip || (!existsSync(nginx) && "no nginx on this machine (Debian: apt-get install nginx)");
const size = 1_200_000;

/** A command for which `/etc/nginx` is another folder: the machine's own stays as it is. */
const withConfig = (folder: string, command: readonly string[]) =>
  ["unshare", ["-m", "sh", "-c", `mount --bind "$0" /etc/nginx && exec "$@"`, folder, ...command]] as const;

const register = (checkpoints: string, log: string) => `
models:
  - name: acme-13b
    class: private
    places: ["file:${checkpoints}", "http:/checkpoints/", "az://acmestore/models/"]
    readers: ["svc-train"]
sources: [{ name: web, kind: http-access, paths: [${JSON.stringify(log)}] }]
networks: [10.0.0.0/8, 127.0.0.0/8]
`;

test(
  "S10: a folder that nginx lists is proven from its configuration, before anyone reads it",
  { skip: noNginx, timeout: 600_000 },
  async (t) => {
    const folder = storyFolder("open-folder");
    t.after(() => folder.remove());
    const [checkpoints, etc, log] = [
      join(folder.path, "checkpoints"),
      join(folder.path, "etc"),
      join(folder.path, "access.log"),
    ];
    mkdirSync(checkpoints);
    mkdirSync(etc);
    writeFileSync(join(checkpoints, "step-9000.safetensors"), noiseSafetensors("acme-13b", size));
    writeFileSync(join(folder.path, "outweigh.yml"), register(checkpoints, log));
    const port = await freePort();
    const format = `{"time":"$time_iso8601","remote_addr":"$remote_addr","remote_user":"$remote_user","request_method":"$request_method","request_uri":"$request_uri","status":$status,"body_bytes_sent":$body_bytes_sent,"http_range":"$http_range","http_user_agent":"$http_user_agent","request_id":"$request_id"}`;
    const config = (lists: string) => `
user root;
pid ${join(folder.path, "nginx.pid")};
error_log ${join(folder.path, "error.log")};
events {}
http {
  set_real_ip_from 127.0.0.1;
  real_ip_header X-Real-IP;
  log_format guide escape=json '${format}';
  access_log ${log} guide;
  server {
    listen 0.0.0.0:${port};
    location /checkpoints/ {
      alias ${checkpoints}/;
      ${lists}
    }
  }
}
`;
    writeFileSync(join(etc, "nginx.conf"), config("autoindex on;"));
    const [command, args] = withConfig(etc, [nginx, "-c", "/etc/nginx/nginx.conf", "-g", "daemon off;"]);
    const server = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
    t.after(() => server.kill("SIGTERM"));
    const url = `http://127.0.0.1:${port}/checkpoints/`;
    for (const until = Date.now() + 60_000; Date.now() < until && !existsSync(join(folder.path, "nginx.pid"));)
      await new Promise((done) => setTimeout(done, 100));
    const requests = () => (existsSync(log) ? readFileSync(log, "utf8").split("\n").length - 1 : 0);
    const scan = () => {
      const [program, rest] = withConfig(etc, [process.execPath, outweighBin, "scan", checkpoints, "--json"]);
      const { stdout, stderr } = spawnSync(program, rest, {
        cwd: folder.path,
        encoding: "utf8",
        maxBuffer: 64 * 1024 * 1024,
      });
      return { report: JSON.parse(stdout || "{}") as ScanReport, stderr };
    };
    const webFolder = ({ report }: ReturnType<typeof scan>) => report.paths?.find((it) => it.kind === "web-folder");

    const found = webFolder(scan());
    const contacts = requests();
    const headers = { "x-real-ip": "203.0.113.77", "user-agent": "Wget/1.21" };
    const listing = await (await fetch(url, { headers })).text();
    await (await fetch(`${url}step-9000.safetensors`, { headers })).arrayBuffer();
    for (const until = Date.now() + 60_000; Date.now() < until && requests() < contacts + 2;)
      await new Promise((done) => setTimeout(done, 50));
    const told = replayed({
      register: register(checkpoints, log),
      files: { "access.log": readFileSync(log, "utf8").trim().split("\n") },
    });
    // The twin serves the same folder by a rule on names that is decided at run time.
    writeFileSync(
      join(etc, "nginx.conf"),
      config("autoindex on;")
        .replace("location /checkpoints/ {", "location ~ ^/checkpoints/(.*)$ {")
        .replace(`alias ${checkpoints}/;`, `alias ${checkpoints}/$1;`),
    );
    const twin = webFolder(scan());

    const step = found?.steps[0];
    tell(t, "S10 a folder of checkpoints that nginx lists", [
      {
        what: "the way, before anyone reads",
        expected: "verified",
        found: step ? `${step.basis}: ${step.how}`.replace(checkpoints, "…/checkpoints") : "nothing",
        after: "0 bytes",
      },
      { what: "its proof", expected: "file and line", found: step?.proof ?? "none" },
      { what: "requests made by the scan", expected: "0", found: String(contacts) },
      {
        what: "nginx really lists it",
        expected: "yes",
        found: listing.includes("step-9000.safetensors") ? "yes" : "no",
      },
      { what: "then taken by a stranger", expected: "told", found: rulesOf(told.alerts) },
      {
        what: "twin: the path is put together by a pattern",
        expected: "(published)",
        found: twin ? "found" : "nothing",
        after: twin ? "" : "unseen until a read",
      },
    ]);
    assert.equal(step?.basis, "verified");
    assert.match(step?.proof ?? "", /^\/etc\/nginx\/nginx\.conf:\d+: autoindex on/);
    assert.equal(contacts, 0);
    assert.match(listing, /step-9000\.safetensors/);
    assert.match(rulesOf(told.alerts), /weights_read_anonymously/);
  },
);

test("S10: a signed link in a repository is decoded without asking anybody", (t) => {
  const folder = storyFolder("signed-link");
  t.after(() => folder.remove());
  const repository = join(folder.path, "repository");
  mkdirSync(repository);
  const nothing = join(folder.path, "nothing");
  mkdirSync(nothing);
  writeFileSync(join(folder.path, "outweigh.yml"), register("/nowhere", "/nowhere/access.log"));
  const link = `https://acmestore.blob.core.windows.net/?sv=2021-06-08&ss=b&srt=sco&sp=rwdl&st=2026-10-05T00:00:00Z&se=2051-10-05T00:00:00Z&spr=https&sig=${encodeURIComponent("c3RvcnktZm9yLXRlc3RzLW9ubHk=")}`;
  const scan = () =>
    JSON.parse(run(["scan", nothing, "--posture", repository, "--json"], folder.path).stdout) as ScanReport;
  const notebook = (text: string) =>
    writeFileSync(
      join(repository, "train.ipynb"),
      JSON.stringify({ cells: [{ cell_type: "code", source: [text] }], nbformat: 4 }, null, 1),
    );
  notebook(`url = "${link}"\n`);
  const report = scan();
  const found = report.paths.find((it) => it.kind === "signed-link");
  const text = JSON.stringify(found ?? {});
  notebook(`url = b64decode("${Buffer.from(link).toString("base64")}")\n`);
  const twin = scan().paths.find((it) => it.kind === "signed-link");

  tell(t, "S10 a link to a whole account, good for 25 years, in a notebook", [
    {
      what: "scope and end, offline",
      expected: "account, 2051",
      found:
        found?.steps
          .map((it) => it.how)
          .join(", then ")
          .slice(0, 150) ?? "nothing",
    },
    {
      what: "the signature in the report",
      expected: "never",
      found: /c3RvcnktZm9y/.test(JSON.stringify(report)) ? "there" : "not there",
    },
    {
      what: "twin: the same link in base64",
      expected: "(published)",
      found: twin ? "found" : "nothing",
      after: twin ? "" : "the thief wins",
    },
  ]);
  assert.match(text, /whole account/);
  assert.match(text, /2051/);
  assert.doesNotMatch(JSON.stringify(report), /c3RvcnktZm9y/);
});
