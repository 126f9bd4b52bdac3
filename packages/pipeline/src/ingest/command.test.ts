import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { commandOf, isDisguised } from "./command.ts";

const of = (line: string, folder = "/home/eve") => commandOf(line.split(" "), folder, undefined);
const moved = (line: string) => {
  const it = of(line);
  return it && [it.kind, it.inputs, it.outputs];
};

test("finds what goes in and where it comes out, in whatever order the options stand", () => {
  const m = "/m/w.gguf";
  assert.deepEqual(moved(`tar czf /tmp/b.tgz -C /m w.gguf`), ["archive", [m], ["/tmp/b.tgz"]]);
  assert.deepEqual(moved(`tar -c --file=/tmp/b.tar ${m}`), ["archive", [m], ["/tmp/b.tar"]]);
  assert.deepEqual(moved(`tar --create -z -f /tmp/b.tgz ${m}`), ["archive", [m], ["/tmp/b.tgz"]]);
  assert.deepEqual(moved(`zip -q -P secret a.zip ${m}`), ["archive", [m], ["/home/eve/a.zip"]]);
  assert.deepEqual(moved(`7z a -p x.7z ${m}`), ["archive", [m], ["/home/eve/x.7z"]]);
  assert.deepEqual(moved(`gpg --output x -c ${m}`), ["archive", [m], ["/home/eve/x"]]);
  assert.deepEqual(moved(`openssl enc -aes-256-cbc -in ${m} -out x`), ["archive", [m], ["/home/eve/x"]]);
  assert.deepEqual(moved(`zstd -T0 ${m} -o /tmp/x.zst`), ["archive", [m], ["/tmp/x.zst"]]);
  assert.deepEqual(moved(`split -b 1m ${m} /tmp/part_`), ["split", [m], ["/tmp/part_*"]]);
  assert.deepEqual(moved(`cp -t /tmp ${m}`), ["copy", [m], ["/tmp/w.gguf"]]);
  assert.deepEqual(moved(`dd bs=1M if=${m} of=x`), ["copy", [m], ["/home/eve/x"]]);
  assert.deepEqual(moved(`curl -s https://x -T ${m}`), ["upload", [m], []]);
  assert.deepEqual(moved(`curl --data-binary @${m} https://x`), ["upload", [m], []]);
  assert.deepEqual(moved(`wget --post-file=${m} https://x`), ["upload", [m], []]);
  assert.deepEqual(moved(`scp -P 22 ${m} host:`), ["upload", [m], []]);
  assert.deepEqual(moved(`hf upload eve/x ${m}`), ["upload", [m], []]);
  assert.deepEqual(moved(`gcloud storage cp ${m} gs://x/y`), ["upload", [m], []]);
});

test("what only unpacks, fetches or looks moves nothing", () => {
  for (const line of [
    "tar xzf m.tgz",
    "tar -tf m.tgz",
    "gzip -d m.gz",
    "gpg -d m.gpg",
    "age -d -o m m.age",
    "curl -O https://x/m.gguf",
    "wget https://x/m.gguf",
    "scp host:m.gguf .",
    "aws s3 cp s3://b/m.gguf .",
    "rclone copy remote:m /tmp",
    "sha256sum m.gguf",
    "cat m.gguf",
  ])
    assert.equal(of(line), undefined, line);
});

test("a name of another kind is a disguise; one without an ending may be a folder", () => {
  const disguised = (line: string) => isDisguised(of(line)!);
  assert.equal(disguised("cp w.gguf holiday.jpg"), true);
  assert.equal(disguised("mv w.gguf .hidden.tmp"), true);
  assert.equal(disguised("cp w.gguf /mnt/backup"), false);
  assert.equal(disguised("cp w.gguf v.safetensors"), false);
  assert.equal(disguised("cp a.txt b.jpg"), false);
});

test("a tool that Python runs is told by its script", () => {
  const argv = ["/usr/bin/python3", "/usr/local/bin/aws", "s3", "cp", "w.gguf", "s3://x"];
  assert.equal(commandOf(argv, "/m", "/usr/bin/python3.11")?.inputs[0], "/m/w.gguf");
});

test("never throws, whatever the arguments, and keeps paths absolute where the folder is known", () => {
  const tool = fc.constantFrom(
    "tar",
    "zip",
    "7z",
    "gpg",
    "age",
    "openssl",
    "split",
    "cp",
    "dd",
    "scp",
    "rclone",
    "curl",
    "aws",
    "hf",
  );
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom("-", "--", "-f", "-C", "czf", "a", "copy", "cp", "-T", "@", "x:", "s3://", "-in"),
  );
  fc.assert(
    fc.property(tool, fc.array(word, { maxLength: 12 }), (name, args) => {
      const it = commandOf([name, ...args], "/w", undefined);
      assert.ok(!it || it.inputs.every((path) => path.startsWith("/")));
    }),
  );
});

test("a name of a hundred thousand dots is read like any other", () => {
  const dots = ".".repeat(400_000);
  const folder = commandOf(["zip", `${dots}/`, "/m/w.gguf"], "/home/eve", undefined);
  assert.equal(folder?.kind, "archive");
  assert.deepEqual(moved("zip a.b /m/w.gguf")?.[2], ["/home/eve/a.b"]);
  assert.deepEqual(moved("zip a.b/c /m/w.gguf")?.[2], ["/home/eve/a.b/c.zip"]);
});
