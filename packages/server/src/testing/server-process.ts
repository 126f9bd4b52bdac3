// A server as a process of its own, for tests that kill it: `node server-process.ts <options as JSON>`; one line of JSON says where it listens.
import { config } from "@outweigh/schema";
import { start } from "../start.ts";

const { dataDir, configuration } = JSON.parse(process.argv[2] ?? "{}");
const running = await start({
  config: config.parse(configuration),
  dataDir,
  port: 0,
  content: { rules: [], playbooks: [], policy: "[]" },
  version: "test",
  maxLagMs: 0,
});
process.stdout.write(
  `${JSON.stringify({ url: running.url, open: running.openUrl, token: running.token("pushed") })}\n`,
);
process.once("SIGTERM", () => void running.close());
