/** System calls by what they do to files, programs and connections. Numbers differ by architecture. */

export interface Known {
  readonly kind: "open" | "launch" | "connect" | "rename" | "link" | "delete";
  /** Which argument holds the flags of an open, and which the folder that a relative path starts from. */
  readonly flags?: number;
  readonly folder?: number;
}

/** By name, which the enriched format gives, and by which the numbers below are listed. */
const byName: Readonly<Record<string, Known>> = {
  open: { kind: "open", flags: 1 },
  openat: { kind: "open", flags: 2, folder: 0 },
  openat2: { kind: "open", folder: 0 },
  execve: { kind: "launch" },
  execveat: { kind: "launch" },
  connect: { kind: "connect" },
  rename: { kind: "rename" },
  renameat: { kind: "rename" },
  renameat2: { kind: "rename" },
  link: { kind: "link" },
  linkat: { kind: "link" },
  unlink: { kind: "delete" },
  unlinkat: { kind: "delete" },
};

/** Linux's tables of system calls (`arch/x86/entry/syscalls`, `include/uapi/asm-generic/unistd.h`). A 32-bit program has numbers of its own. */
const byNumber: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // x86_64
  c000003e: {
    2: "open",
    257: "openat",
    437: "openat2",
    59: "execve",
    322: "execveat",
    42: "connect",
    82: "rename",
    264: "renameat",
    316: "renameat2",
    86: "link",
    265: "linkat",
    87: "unlink",
    263: "unlinkat",
  },
  // i386
  40000003: {
    5: "open",
    295: "openat",
    437: "openat2",
    11: "execve",
    358: "execveat",
    362: "connect",
    38: "rename",
    302: "renameat",
    353: "renameat2",
    9: "link",
    303: "linkat",
    10: "unlink",
    301: "unlinkat",
  },
  // aarch64
  c00000b7: {
    56: "openat",
    437: "openat2",
    221: "execve",
    281: "execveat",
    203: "connect",
    38: "renameat",
    276: "renameat2",
    37: "linkat",
    35: "unlinkat",
  },
};

/** `AT_FDCWD`: a relative path starts from the program's own folder. Printed with as many digits as the argument has. */
export function isWorkingFolder(argument: string | undefined): boolean {
  return argument === undefined || /^(?:ffffffff)?ffffff9c$/i.test(argument);
}

/** What a system call does; undefined for those that concern nothing here, e.g. reads of attributes. */
export function callOf(arch: string, number: string, name: string | undefined): Known | undefined {
  const known = name ?? byNumber[arch.toLowerCase()]?.[number];
  return known !== undefined && Object.hasOwn(byName, known) ? byName[known] : undefined;
}

/** Whether an open with these flags, in hexadecimal digits, lets its program read. `O_WRONLY` is 1, `O_PATH` names a file only. */
export function opensForReading(flags: string | undefined): boolean {
  if (flags === undefined || !/^[0-9a-f]{1,16}$/i.test(flags)) return true;
  const value = Number.parseInt(flags.slice(-8), 16);
  return (value & 3) !== 1 && (value & 0x200000) === 0;
}
