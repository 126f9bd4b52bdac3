// A ClickHouse that is not ours to start, for tests of `CLICKHOUSE_URL`: the embedded engine, run by the test itself.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { configXml, usersXml } from "../store/engine/settings.ts";
import { freePort } from "../store/process.ts";

export interface AClickHouse {
  readonly url: string;
  readonly hunterUrl: string;
  stop(): void;
}

export async function aClickHouse(folder: string): Promise<AClickHouse> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "users.xml"), usersXml({ app: "app-password", hunter: "hunter-password" }));
  writeFileSync(join(folder, "config.xml"), configXml(folder));
  const port = await freePort();
  const library = createRequire(import.meta.url).resolve("@chdb/lib-linux-x64-gnu/libchdb.so");
  const launcher = fileURLToPath(new URL("../store/engine/launcher.ts", import.meta.url));
  const query =
    "SYSTEM START LISTEN HTTP; SELECT sleepEachRow(3) FROM numbers(1000000) FORMAT Null SETTINGS max_block_size = 1, final = 0, function_sleep_max_microseconds_per_block = 0";
  const args = [
    `--config-file=${folder}/config.xml`,
    `--path=${folder}/db`,
    `--http_port=${port}`,
    "--listen_host=127.0.0.1",
    `--query=${query}`,
  ];
  const child = spawn(process.execPath, [launcher, library, String(process.pid), ...args], {
    stdio: "ignore",
    cwd: folder,
  });
  const url = `http://app:app-password@127.0.0.1:${port}`;
  while (
    !(await fetch(`http://127.0.0.1:${port}/ping`).then(
      (it) => it.ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    await new Promise((done) => setTimeout(done, 20));
  }
  return { url, hunterUrl: `http://hunter:hunter-password@127.0.0.1:${port}`, stop: () => void child.kill("SIGKILL") };
}
