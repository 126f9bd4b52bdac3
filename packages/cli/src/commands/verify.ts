import { readFileSync, statSync } from "node:fs";
import { command, type Call } from "../command.ts";
import { CliError, type ExitCode } from "../error.ts";
import { plural } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";

const options = {
  key: {
    type: "string",
    multiple: true,
    value: "KEY",
    about: "A key you trust, by id or in full; without one, any signer is accepted and named",
  },
} as const;

export const verify = command({
  summary: "Checks a pack of evidence without any server",
  usage: "FILE",
  positionals: [1, 1],
  options,
  about: [
    "Recomputes every digest, the hash chain, the checkpoints and the signatures. Exit 1 if anything does not hold.",
    "It proves that nothing was changed since it was received, not that a source told the truth.",
  ],
  examples: [
    { line: "outweigh verify incident-1.pack", about: "Says whether it holds, and who signed it" },
    {
      line: "outweigh verify incident-1.pack --key ed25519:ce2ada0b2b430c2a55cedd04b04e12bd",
      about: "Holds only if that key signed it",
    },
  ],
  run,
});

async function run({ positionals: [file = ""], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { maxPackBytes, verifyPack } = await import("@outweigh/evidence");
  const report = verifyPack(read(file, maxPackBytes), values.key.length > 0 ? { trusted: values.key } : {});
  if (json) terminal.printJson(report);
  else {
    const { ok, entries, checkpoints, documents, redacted, signer, incident, problems } = report;
    terminal.print(ok ? `${visible(file)} holds` : `${visible(file)} does not hold`);
    terminal.print(
      `   incident ${visible(incident ?? "unknown")}: ${plural(documents, "document")}, ${plural(entries, "entry", "entries")}, ${plural(checkpoints, "checkpoint")}`,
    );
    if (redacted > 0) terminal.print(`   ${plural(redacted, "field")} left out on purpose; the digests hold`);
    terminal.print(
      signer === undefined
        ? "   signed by nobody"
        : `   signed by ${visible(signer)}${values.key.length > 0 ? "" : ": compare it with the key you were told"}`,
    );
    for (const it of problems) terminal.print(`   ! ${visible(it)}`);
  }
  return report.ok ? 0 : 1;
}

function read(file: string, most: number): Uint8Array {
  try {
    const { size } = statSync(file);
    if (size > most) throw new Error(`${size} bytes, at most ${most} are read`);
    return readFileSync(file);
  } catch (cause) {
    throw new CliError("FAILED", `${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
