// The event engine's process: loads the ClickHouse engine as a library and runs its `clickhouse local` entry point, which
// opens the listener. Started by engine.ts with standard input from /dev/null; ends with its parent.
import { createRequire } from "node:module";
import { DataType, load, open } from "ffi-rs";

/** prctl(2): the kernel sends us this signal when our parent dies. SIGKILL, because the store survives it and nothing may catch it. */
const setParentDeathSignal = 1;
const sigkill = 9;

const [library = "", parent = "", ...args] = process.argv.slice(2);

if (process.platform === "linux") {
  open({ library: "c", path: "libc.so.6" });
  load({
    library: "c",
    funcName: "prctl",
    retType: DataType.I32,
    paramsType: [DataType.I32, DataType.I32, DataType.I32, DataType.I32, DataType.I32],
    paramsValue: [setParentDeathSignal, sigkill, 0, 0, 0],
  });
  // It may have died before the kernel knew what we want.
  if (process.ppid !== Number(parent)) process.exit(1);
}

const argv = ["clickhouse", ...args];
open({ library: "engine", path: createRequire(import.meta.url).resolve(library) });
// Returns when the keep-alive query ends, i.e. never. On the main thread: the engine does not run on a worker's.
load({
  library: "engine",
  funcName: "chdb_query_cmdline",
  retType: DataType.External,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [argv.length, argv],
});
process.exit(1);
