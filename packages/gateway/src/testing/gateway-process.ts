// A gateway in a process of its own, for tests that kill it: node gateway-process.ts SECTION-AS-JSON [OPTIONS-AS-JSON]. Tells where it serves, in one line.
import { gatewaySection } from "@outweigh/schema";
import { startGateway } from "../gateway.ts";

const section = gatewaySection.parse(JSON.parse(process.argv[2] ?? "{}"));
const { url, adminUrl, adminToken, pids, close } = await startGateway({
  ...JSON.parse(process.argv[3] ?? "{}"),
  section: () => section,
  environment: process.env,
  say: (line) => process.stderr.write(`${line}\n`),
}).then((it) => ({
  ...it,
  url: it.url,
  adminUrl: it.adminUrl,
  adminToken: it.adminToken,
  pids: it.pids,
  close: () => it.close(),
}));
process.on("SIGTERM", () => void close().then(() => process.exit(0)));
process.stdout.write(`${JSON.stringify({ url, adminUrl, adminToken, pids })}\n`);
