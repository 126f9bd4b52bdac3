// Two machines that differ in what an administrator got wrong: one with planted theft paths, one hardened.
import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { modelEntry, theftKinds, type ScanReport, type TheftKind } from "@outweigh/schema";
import { aFolder, scanOf, weights } from "../testing/a-disk.ts";
import {
  aCapability,
  anAccessList,
  aPlanter,
  capabilityName,
  listName,
  planterOrWhy,
  user,
  type Planter,
} from "../testing/attributes.ts";

const skip = process.platform === "linux" ? false : "needs the permissions of Linux";
const isRoot = process.getuid?.() === 0;
const [ownUid, ownGid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
/** A group that has a member besides the files' owner. */
const teamGid = isRoot ? 4242 : ownGid;

const register = [
  modelEntry.parse({
    name: "acme-13b",
    class: "private",
    places: [
      "file:/nowhere",
      "s3://acme-models/acme-13b/",
      "hf:acme/acme-13b",
      "k8s:ml/acme-weights",
      "az://acmestore/models/",
    ],
    readers: ["role/serve", "system:serviceaccount:ml:serve"],
  }),
];

interface Built {
  readonly root: string;
  readonly exported: string;
  /** Absent where attributes of files can be neither set nor read. */
  readonly planter?: Planter | undefined;
}

type Write = (path: string, text: string | Buffer, mode?: number) => void;

const later = "2999-01-01T00:00:00Z";
const inodes = { ollama: 701 };
const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const listens = (address: string, inode: number) =>
  `   0: ${address} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 100 0 0 10 0\n`;

/** The parts that both machines share: accounts, weights, a server that serves. */
function base(t: TestContext, open: boolean): Built & { write: Write; put: Write } {
  const folder = aFolder(t);
  const root = join(folder, "machine");
  const exported = join(folder, "exported");
  const writeIn =
    (at: string): Write =>
    (path, text, mode = 0o644) => {
      const whole = join(at, path);
      mkdirSync(dirname(whole), { recursive: true });
      writeFileSync(whole, text);
      chmodSync(whole, mode);
    };
  const write = writeIn(root);
  write(
    "etc/passwd",
    `owner:x:${ownUid}:${ownGid}::/home/owner:/bin/bash\nann:x:5001:5001::/home/ann:/bin/bash\nbob:x:5002:5002::/home/bob:/bin/sh\n`,
  );
  write("etc/group", `team:x:${teamGid}:ann\ndocker:x:4243:bob\nann:x:5001:\nbob:x:5002:\n`);
  write("srv/models/acme.safetensors", weights("acme", [0, 1]), open ? 0o644 : 0o600);
  write("srv/team/acme-copy.safetensors", weights("acme", [0, 1]), 0o640);
  if (isRoot) chownSync(join(root, "srv/team/acme-copy.safetensors"), ownUid, open ? teamGid : ownGid);
  if (!open) chmodSync(join(root, "srv/team/acme-copy.safetensors"), 0o600);
  for (const it of ["", "srv", "srv/models", "srv/team", "home"]) {
    mkdirSync(join(root, it), { recursive: true });
    chmodSync(join(root, it), 0o755);
  }
  const home = join(root, "proc", "9");
  mkdirSync(join(home, "fd"), { recursive: true });
  write("proc/9/cmdline", "/usr/bin/ollama\0serve\0");
  write("proc/9/comm", "ollama\n");
  write("proc/net/tcp", head + listens(open ? "00000000:2CAA" : "0100007F:2CAA", inodes.ollama));
  write("proc/net/tcp6", head);
  write("proc/self/mountinfo", "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n");
  symlinkSync(`socket:[${inodes.ollama}]`, join(home, "fd", "3"));
  symlinkSync("/srv/models/acme.safetensors", join(home, "fd", "4"));
  return { root, exported, write, put: writeIn(exported) };
}

const [dacReadSearch, netRaw] = [1n << 2n, 1n << 13n];

/** Everything that can go wrong did. */
function planted(t: TestContext, planter?: Planter): Built {
  const { root, exported, write, put } = base(t, true);
  write("srv/listed/acme.safetensors", weights("acme", [0, 1]), 0o600);
  write("usr/bin/tar", "", 0o755);
  planter?.set(join(root, "srv/listed/acme.safetensors"), listName, anAccessList([[user, 4, 5002]]));
  planter?.set(join(root, "usr/bin/tar"), capabilityName, aCapability(dacReadSearch));
  write("run/docker.sock", "", 0o666);
  write("usr/bin/find", "", 0o4755);
  write("etc/sudoers.d/ann", "# comment\nann ALL=(root) NOPASSWD: /usr/bin/rsync\n");
  write("proc/44/cgroup", `0::/system.slice/docker-${"ab".repeat(32)}.scope\n`);
  write("proc/44/cmdline", "/usr/bin/node\0crawler.js\0");
  write("proc/44/mountinfo", "500 400 8:1 /srv/models /data rw,relatime - ext4 /dev/sda1 rw\n");
  write(
    `var/lib/docker/containers/${"cd".repeat(32)}/hostconfig.json`,
    JSON.stringify({ Privileged: true, Binds: [] }),
  );
  write(`var/lib/docker/containers/${"cd".repeat(32)}/config.v2.json`, JSON.stringify({ Name: "/runner" }));
  write("etc/exports", "# ours\n/srv/models 10.0.0.0/8(ro,no_subtree_check)\n");
  write("etc/samba/smb.conf", "[global]\nworkgroup = X\n[models]\npath = /srv/models\nguest ok = yes\n");
  write("etc/nginx/nginx.conf", "http { include /etc/nginx/sites-enabled/*; }\n");
  write(
    "etc/nginx/sites-enabled/weights",
    "server {\n  listen 80;\n  location /w/ {\n    alias /srv/models/;\n    autoindex on;\n  }\n}\n",
  );
  write("home/ann/.cache/huggingface/token", `hf_${"A".repeat(34)}`, 0o644);
  put(
    "s3/acme-models/policy.json",
    JSON.stringify({
      Policy: JSON.stringify({
        Statement: [
          {
            Sid: "Open",
            Effect: "Allow",
            Principal: "*",
            Action: "s3:GetObject",
            Resource: "arn:aws:s3:::acme-models/*",
          },
        ],
      }),
    }),
  );
  put("iam/account.json", JSON.stringify(account(true), null, 2));
  put("iam/last-accessed/batch.json", JSON.stringify({ ServicesLastAccessed: [{ ServiceNamespace: "s3" }] }));
  put("k8s/all.json", JSON.stringify(cluster(true)));
  put("hf/acme.json", JSON.stringify({ id: "acme/acme-13b", private: false }));
  put(
    "app/.env.example",
    `LINK="https://acmestore.blob.core.windows.net/?sv=2024-01-01&ss=b&srt=sco&sp=rl&se=${encodeURIComponent(later)}&sig=SECRETSECRET%3D"\n`,
  );
  put(
    "repo/.github/workflows/ci.yml",
    "on: pull_request_target\njobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n        with: { ref: '${{ github.event.pull_request.head.sha }}' }\n      - run: make\n        env: { T: '${{ secrets.HF_TOKEN }}' }\n",
  );
  return { root, exported, planter };
}

/** The same machine, by somebody who read the guide. */
function hardened(t: TestContext, planter?: Planter): Built {
  const { root, exported, write, put } = base(t, false);
  write("srv/listed/acme.safetensors", weights("acme", [0, 1]), 0o600);
  write("usr/bin/tar", "", 0o755);
  write("usr/bin/ping", "", 0o755);
  // A list whose mask lets nobody read, and a right that opens no file.
  planter?.set(join(root, "srv/listed/acme.safetensors"), listName, anAccessList([[user, 4, 5002]], { mask: 3 }));
  planter?.set(join(root, "usr/bin/ping"), capabilityName, aCapability(netRaw));
  write("run/docker.sock", "", 0o600);
  write("usr/bin/find", "", 0o755);
  write("usr/bin/passwd", "", 0o4755);
  write("etc/sudoers.d/ann", "ann ALL=(root) NOPASSWD: /usr/bin/systemctl restart serve\n%team ALL=(ALL) ALL\n");
  write("proc/44/cgroup", `0::/system.slice/docker-${"ab".repeat(32)}.scope\n`);
  write("proc/44/cmdline", "/usr/bin/tritonserver\0--model-repository=/data\0");
  write("proc/44/mountinfo", "500 400 8:1 /srv/models /data ro,relatime - ext4 /dev/sda1 rw\n");
  write(
    `var/lib/docker/containers/${"ab".repeat(32)}/hostconfig.json`,
    JSON.stringify({ Privileged: false, Binds: ["/srv/models:/data:ro"] }),
  );
  write("etc/exports", "# /srv/models *(ro)\n/srv/models 10.0.0.7(ro,sec=krb5p)\n");
  write("etc/samba/smb.conf", "[models]\npath = /srv/models\nguest ok = no\n");
  write("etc/nginx/nginx.conf", "http { include /etc/nginx/sites-enabled/*; }\n");
  write(
    "etc/nginx/sites-enabled/weights",
    'server {\n  listen 80;\n  location /w/ {\n    alias /srv/models/;\n    auth_basic "w";\n  }\n}\n',
  );
  put(
    "s3/acme-models/policy.json",
    JSON.stringify({
      Policy: JSON.stringify({
        Statement: [
          {
            Effect: "Allow",
            Principal: "*",
            Action: "s3:GetObject",
            Resource: "arn:aws:s3:::acme-models/*",
            Condition: { StringEquals: { "aws:SourceVpce": "vpce-1" } },
          },
        ],
      }),
    }),
  );
  put(
    "s3/acme-models/acl.json",
    JSON.stringify({
      Owner: { ID: "1" },
      Grants: [{ Grantee: { ID: "1", Type: "CanonicalUser" }, Permission: "FULL_CONTROL" }],
    }),
  );
  put("iam/account.json", JSON.stringify(account(false)));
  put("k8s/all.json", JSON.stringify(cluster(false)));
  put("hf/acme.json", JSON.stringify({ id: "acme/acme-13b", private: true }));
  put(
    "app/.env.example",
    "LINK=https://acmestore.blob.core.windows.net/models/a?sv=2024-01-01&sr=b&sp=r&se=2020-01-01T00%3A00%3A00Z&sig=OLD\n",
  );
  put("repo/.github/workflows/ci.yml", "on: pull_request\njobs: {}\n");
  return { root, exported, planter };
}

function account(open: boolean): object {
  const read = (sid: string, resource: string) => ({
    Sid: sid,
    Effect: "Allow",
    Action: ["s3:Get*"],
    Resource: resource,
  });
  const role = (name: string, statements: object[]) => ({
    RoleName: name,
    Arn: `arn:aws:iam::123456789012:role/${name}`,
    RolePolicyList: [{ PolicyName: "own", PolicyDocument: { Statement: statements } }],
    AttachedManagedPolicies: [],
  });
  const serve = role("serve", [read("Serve", "arn:aws:s3:::acme-models/acme-13b/*")]);
  const batch = role("batch", [
    { Effect: "Allow", Action: "logs:*", Resource: "*" },
    read("Weights", open ? "arn:aws:s3:::acme-models/*" : "arn:aws:s3:::acme-logs/*"),
  ]);
  // Nobody exported when it was used last.
  const etl = role("etl", [read("Etl", open ? "arn:aws:s3:::acme-models/*" : "arn:aws:s3:::acme-logs/*")]);
  return { UserDetailList: [], GroupDetailList: [], RoleDetailList: [serve, batch, etl], Policies: [] };
}

function cluster(open: boolean): object {
  const pod = (name: string, account: string) => ({
    kind: "Pod",
    metadata: { name, namespace: "ml" },
    spec: {
      serviceAccountName: account,
      volumes: [{ name: "w", persistentVolumeClaim: { claimName: "acme-weights" } }],
    },
  });
  const role = {
    kind: "Role",
    metadata: { name: "debug", namespace: "ml" },
    rules: [{ apiGroups: [""], resources: [open ? "pods/exec" : "pods/log"], verbs: [open ? "create" : "get"] }],
  };
  const binding = {
    kind: "RoleBinding",
    metadata: { name: "debug", namespace: "ml" },
    roleRef: { kind: "Role", name: "debug" },
    subjects: [{ kind: "ServiceAccount", name: "ci", namespace: "build" }],
  };
  return {
    apiVersion: "v1",
    kind: "List",
    items: [pod("serve-0", "serve"), ...(open ? [pod("notebook-0", "notebook")] : []), role, binding],
  };
}

function scanned({ root, exported, planter }: Built): Promise<ScanReport> {
  // The parser of YAML is handed in; for these few lines JSON's shape is enough.
  const parseYaml = (text: string) => ({ on: /^on: (\w+)/m.exec(text)?.[1] });
  const named = register.map((it) => ({ ...it, places: [`file:${join(root, "srv")}`, ...it.places] }));
  return scanOf(join(root, "srv"), {
    machine: root,
    register: named,
    posture: { folder: exported, parseYaml },
    helper: planter?.helper,
  });
}

/** Kinds that take attributes of files, which not every file system keeps. */
const byAttributes: readonly TheftKind[] = ["access-list", "file-capability"];

const expected: readonly TheftKind[] = [
  ...byAttributes,
  "file-mode",
  "group-read",
  "docker-socket",
  "setuid",
  "sudo",
  "container-mount",
  "container-rights",
  "listener",
  "nfs-export",
  "share",
  "web-folder",
  "token-on-disk",
  "signed-link",
  "bucket-public",
  "iam-grant",
  "iam-unused",
  "cluster-grant",
  "cluster-mount",
  "repository-public",
  "ci-job",
];

test("each kind of theft path that there is was planted", () => {
  assert.deepEqual(
    theftKinds.filter((it) => !expected.includes(it)),
    [],
  );
});

test(
  "every planted theft path is found, the proven ones with their proof, and one command each closes them",
  { skip },
  async (t) => {
    const planter = await planterOrWhy(t);
    const isWhole = typeof planter !== "string";
    const report = await scanned(planted(t, isWhole ? planter : undefined));
    const kinds = new Set(report.paths.map((it) => it.kind));
    assert.deepEqual(
      expected.filter((it) => !kinds.has(it)),
      isWhole ? [] : byAttributes,
    );
    const steps = report.paths.flatMap((it) => it.steps);
    assert.deepEqual(
      steps.filter((it) => it.basis === "verified" && it.proof === undefined),
      [],
    );
    assert.deepEqual(
      report.paths.filter((it) => it.fix === undefined).map((it) => it.kind),
      [],
    );
    const minutes = report.paths.map((it) => it.minutes ?? 0);
    assert.deepEqual(
      minutes,
      minutes.toSorted((a, b) => a - b),
    );
    const unused = report.paths.find((it) => it.kind === "iam-unused");
    assert.match(
      unused?.steps[0]?.proof ?? "",
      /^remove iam\/account\.json:\d+#\/RoleDetailList\/1\/RolePolicyList\/0\/PolicyDocument\/Statement\/1 \(Sid Weights\)/,
    );
    assert.match(JSON.stringify(report), /read, list on the whole account/);
  },
);

test("no secret enters the report: neither tokens nor signatures", { skip }, async (t) => {
  const report = JSON.stringify(await scanned(planted(t)));
  assert.doesNotMatch(report, /SECRETSECRET|hf_AAAA/);
});

test("an access list and a capability are each a verified path with its proof and its one command", async (t) => {
  const planter = await aPlanter(t);
  if (!planter) return;
  const { paths, looked = [] } = await scanned(planted(t, planter));
  const [list] = paths.filter((it) => it.kind === "access-list");
  const file = list?.steps[0]?.to ?? "";
  assert.equal(list?.steps[0]?.from, "user bob");
  assert.match(list?.steps[0]?.proof ?? "", /\/srv\/listed\/acme\.safetensors 0670 user:5002:r-- mask::rwx$/);
  assert.equal(list?.fix, `setfacl -n -x u:bob ${file}`);
  const [capability] = paths.filter((it) => it.kind === "file-capability");
  assert.deepEqual(
    capability?.steps.map((it) => [it.from, it.basis]),
    [
      ["any local user", "verified"],
      ["/usr/bin/tar", "verified"],
    ],
  );
  assert.match(capability?.steps[0]?.proof ?? "", /^\/usr\/bin\/tar 0755 cap_dac_read_search=ep$/);
  assert.equal(capability?.fix, "setcap -r /usr/bin/tar");
  assert.deepEqual(
    looked.filter((it) => byAttributes.includes(it.kind)).map((it) => it.complete),
    [true, true],
  );
});

test("without the helper, access lists and capabilities are said not to be known, not to be absent", async (t) => {
  const { looked = [], notSeen, paths } = await scanned(planted(t));
  const said = looked.filter((it) => byAttributes.includes(it.kind));
  assert.deepEqual(
    said.map((it) => [it.complete, /outweigh agent helper/.test(it.why ?? "")]),
    [
      [false, true],
      [false, true],
    ],
  );
  assert.ok(notSeen.some((it) => it.what.startsWith("access lists (ACLs)")));
  assert.ok(paths.every((it) => it.kind === undefined || !byAttributes.includes(it.kind)));
});

test("a hardened twin of that machine has no theft path", { skip }, async (t) => {
  const planter = await planterOrWhy(t);
  const report = await scanned(hardened(t, typeof planter === "string" ? undefined : planter));
  assert.ok(report.models.some((it) => it.name === "acme-13b" && it.copies.length === 3));
  assert.deepEqual(report.paths, []);
});

test("mending one weakness takes its paths away, and no others", { skip }, async (t) => {
  const machine = planted(t);
  const kinds = async () => new Set((await scanned(machine)).paths.map((it) => it.kind));
  const before = await kinds();
  chmodSync(join(machine.root, "srv/models/acme.safetensors"), 0o600);
  chmodSync(join(machine.root, "usr/bin/find"), 0o755);
  const after = await kinds();
  assert.deepEqual(
    [...before].filter((it) => !after.has(it)),
    ["file-mode", "setuid"],
  );
});
