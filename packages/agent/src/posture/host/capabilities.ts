// Programs that carry rights of their own (file capabilities): whoever runs one has those rights.
import { octal, readersOf, may } from "../../scan/readable-by.ts";
import type { Capability } from "../../scan/attributes.ts";
import type { Machine } from "../machine.ts";
import { commandOf, withFix, type Ways } from "../way.ts";
import { isReader, programsOf } from "./programs.ts";
import { whoIs } from "./rights.ts";

/** Rights that open every file, by their number in linux/capability.h, and how. */
const opening: readonly { readonly bit: bigint; readonly name: string; readonly how: string; readonly shell?: true }[] =
  [
    { bit: 2n, name: "cap_dac_read_search", how: "reads any file" },
    { bit: 1n, name: "cap_dac_override", how: "reads and writes any file" },
    { bit: 21n, name: "cap_sys_admin", how: "mounts any disk" },
    { bit: 19n, name: "cap_sys_ptrace", how: "reads the memory of any process that holds weights" },
    // Many programs have this to change who they are in a bounded way; one that runs others becomes root.
    { bit: 7n, name: "cap_setuid", how: "becomes root", shell: true },
  ];

/**
 * Programs with a capability that opens every file and that another user may run. Of a program that shows any file it is proven; of
 * another it is inferred: what it does with its right is not known.
 * Blind spot: programs in other folders; the owner of such a program; mounts that ignore capabilities (nosuid); capabilities that a user
 * must already hold to inherit.
 */
export function findCapabilities(machine: Machine, ways: Ways): void {
  ways.looked("file-capability");
  const programs = programsOf(machine, (why) => ways.missed("file-capability", why));
  machine.learn(programs.map((it) => it.path));
  for (const { name, path } of programs) {
    const known = machine.capability(path);
    if (known.state === "unknown" && known.why !== "gone") ways.missed("file-capability", known.why);
    const right = known.state === "read" ? rightOf(known.value, isReader(name)) : undefined;
    if (known.state !== "read" || !right) continue;
    const [it, chain] = [machine.stat(path), machine.chain(path)];
    if (!it?.isFile || !chain) continue;
    for (const who of readersOf(chain, machine.accounts, may.run).names)
      addWay(ways, {
        who,
        path,
        right,
        isProven: isReader(name) && known.value.effective,
        proof: proofOf(it.mode, path, known.value),
      });
  }
}

function rightOf({ permitted }: Capability, runsOthers: boolean): (typeof opening)[number] | undefined {
  return opening.find(({ bit, shell }) => ((permitted >> bit) & 1n) === 1n && (runsOthers || !shell));
}

function proofOf(mode: number, path: string, { permitted, effective }: Capability): string {
  const names = opening.filter(({ bit }) => ((permitted >> bit) & 1n) === 1n).map((it) => it.name);
  return `${path} ${octal(mode)} ${names.join(",")}=${effective ? "ep" : "p"}`;
}

interface Found {
  readonly who: string;
  readonly path: string;
  readonly right: (typeof opening)[number];
  readonly isProven: boolean;
  readonly proof: string;
}

function addWay(ways: Ways, { who, path, right, isProven, proof }: Found): void {
  ways.add({
    kind: "file-capability",
    steps: [
      { from: whoIs(who), to: path, how: `may run it, with ${right.name}`, basis: "verified", proof, effort: "hand" },
      {
        from: path,
        to: "",
        how: isProven ? right.how : `${right.how}, if it can be made to`,
        ...(isProven
          ? { basis: "verified", proof: `${proof}; it shows files, or runs what does`, effort: "trick" }
          : { basis: "inferred", effort: "break" }),
      },
    ],
    reaches: { at: "rights", uid: 0 },
    ...withFix(commandOf`setcap -r ${path}`),
  });
}
