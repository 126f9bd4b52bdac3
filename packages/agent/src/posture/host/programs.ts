// Programs that a user of this host may run with more rights than their own.
import { maxPrograms } from "../limits.ts";
import type { Machine } from "../machine.ts";

/** Where programs lie that everybody may run. */
const programFolders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/bin"];

/** Programs that show or copy any file, or run another program: with another's rights, they give its files away. */
const readers = new Set(
  (
    "ash awk base32 base64 bash busybox bzip2 cat cp csh cpio curl cut dash dd diff docker ed emacs env find gawk gdb git " +
    "grep gzip head hexdump install less lua mawk more mv nano nl node od perl php pico python python2 python3 rsync ruby scp " +
    "sed sh sort split strings tac tail tar tee unzip vi view vim wget xargs xxd xz zip zsh zstd podman nerdctl ctr strace"
  ).split(" "),
);

/** `python3.11` and `vim.basic` are readers too. */
export function isReader(name: string): boolean {
  return readers.has(name) || readers.has(name.replace(/[.-]?\d[\d.]*$/, "")) || readers.has(name.split(".")[0] ?? "");
}

interface Program {
  readonly name: string;
  readonly path: string;
}

/** The names in the folders of programs. One folder under two names, as `/bin` mostly is, is read once. */
export function programsOf(machine: Machine, missed: (why: string) => void): Program[] {
  const seen = new Set<string>();
  return programFolders.flatMap((folder) => {
    const which = machine.folder(folder);
    if (which === undefined || seen.has(which)) return [];
    seen.add(which);
    const names = machine.names(folder, maxPrograms + 1);
    if (!names) missed(`${folder} may not be read`);
    if ((names?.length ?? 0) > maxPrograms) missed(`${folder} holds more than ${maxPrograms} programs`);
    return (names ?? []).slice(0, maxPrograms).map((name) => ({ name, path: `${folder}/${name}` }));
  });
}
