import type { Cut } from "./records.ts";

/** Most events of the audit log whose records are still coming in; the kernel interleaves a few. */
const maxHeld = 64;
/** Most further records that an event waits for its own, and how far its time may lie behind theirs, in ms. */
const maxWaited = 128;
const latenessMs = 2000;
/** Most text of one event, and of all that wait, in UTF-16 units: the kernel splits long arguments into lines of 8 kB. */
const maxEventLength = 512 * 1024;
const maxHeldLength = 4 * 1024 * 1024;

/** Offsets remembered before those that no longer matter are dropped; what matters is at most `maxWaited` and the lines that wait. */
const maxTaken = 2048;

interface Held {
  readonly offset: number;
  readonly time: number;
  /** The count of records when it began. */
  readonly since: number;
  readonly lines: string[];
  readonly offsets: number[];
  length: number;
  /** How many paths its system call names; undefined until that record is here. */
  items?: number;
  paths: number;
  titled: boolean;
}

/** How a line of the Linux audit log begins: `type=PATH msg=audit(1795467991.154:7):`, with `node=` before it where hosts are told apart. */
const opening =
  /^(?:node=(\S{1,256}) )?type=([A-Z0-9_]{1,64}|UNKNOWN\[\d{1,5}\]) msg=audit\((\d{1,12})\.(\d{3}):(\d{1,20})\):?/;

/** Records of programs rather than of a system call: each is an event of its own. */
const alone = /^(?:USER|CRED|DAEMON|SERVICE|SYSTEM|ADD|DEL|GRP|ACCT|CHUSER|ROLE|VIRT|CRYPTO|ANOM)_/;

/**
 * Joins the lines of the Linux audit log that belong to one event into one record, in the order in which events become whole.
 * Everything else passes unchanged.
 *
 * An event is whole when its system call, as many paths as that names, and the program's title are here, or at its end mark. One
 * that stays incomplete, because records were lost, is handed out as it is when later ones show that no more will come.
 */
export class AuditAssembly {
  readonly #held = new Map<string, Held>();
  /** Offsets of records after the oldest that waits which were handed out already. */
  #taken: Set<number>;
  #count = 0;
  #length = 0;

  constructor(taken: readonly number[] = []) {
    this.#taken = new Set(taken);
  }

  /** Where reading must resume for what waits, and which records after it must then be passed over. */
  state(): { readonly offset: number; readonly taken: number[] } | undefined {
    const [oldest] = this.#held.values();
    if (!oldest) return undefined;
    return { offset: oldest.offset, taken: [...this.#taken].filter((it) => it > oldest.offset).sort((a, b) => a - b) };
  }

  /** Takes the next record, and adds to `out` what is whole now. */
  pass(cut: Cut, out: Cut[]): void {
    const parts = "record" in cut ? partsOf(cut.record) : undefined;
    if (!parts && this.#held.size === 0 && this.#taken.size === 0) {
      out.push(cut);
      return;
    }
    this.#count++;
    this.#release(parts?.time, out);
    const known = this.#taken.has(cut.offset);
    if (!known && parts && "record" in cut) this.#add(parts, cut.record, cut.offset, out);
    else if (!known) this.#hand(cut, [cut.offset], out);
    if (this.#held.size === 0) this.#forget(cut.offset);
  }

  /** No more will come. */
  flush(out: Cut[]): void {
    for (const [key, it] of this.#held) this.#end(key, it, out);
    this.#taken.clear();
  }

  #add({ key, type, time }: Parts, line: string, offset: number, out: Cut[]): void {
    const before = this.#held.get(key);
    if (!before && (alone.test(type) || line.length > maxEventLength)) {
      this.#hand({ record: line, offset }, [offset], out);
      return;
    }
    const it = before ?? {
      offset,
      time,
      since: this.#count,
      lines: [],
      offsets: [],
      length: 0,
      paths: 0,
      titled: false,
    };
    if (!before) this.#held.set(key, it);
    if (type !== "EOE") it.lines.push(line);
    it.offsets.push(offset);
    it.length += line.length;
    this.#length += line.length;
    if (type === "SYSCALL") it.items = Number(/ items=(\d{1,4})\b/.exec(line)?.[1] ?? 0);
    if (type === "PATH") it.paths++;
    if (type === "PROCTITLE") it.titled = true;
    const whole = it.titled && it.items !== undefined && it.paths >= it.items;
    if (whole || type === "EOE" || it.length > maxEventLength) this.#end(key, it, out);
    while (this.#held.size > maxHeld || this.#length > maxHeldLength) this.#endOldest(out);
  }

  /** Hands out what waited long enough: by count of records or by their time. */
  #release(time: number | undefined, out: Cut[]): void {
    for (const [key, it] of this.#held) {
      const late = time !== undefined && time > it.time + latenessMs;
      if (late || this.#count - it.since > maxWaited) this.#end(key, it, out);
    }
  }

  #endOldest(out: Cut[]): void {
    for (const [key, it] of this.#held) return this.#end(key, it, out);
  }

  #end(key: string, it: Held, out: Cut[]): void {
    this.#held.delete(key);
    this.#length -= it.length;
    if (it.lines.length > 0) this.#hand({ record: it.lines.join("\n"), offset: it.offset }, it.offsets, out);
  }

  #hand(cut: Cut, offsets: readonly number[], out: Cut[]): void {
    out.push(cut);
    for (const offset of offsets) this.#taken.add(offset);
    const [oldest] = this.#held.values();
    if (oldest && this.#taken.size > maxTaken) this.#forget(oldest.offset);
  }

  /** Records up to this one will not be read again. */
  #forget(offset: number): void {
    if (this.#taken.size === 0) return;
    this.#taken = new Set([...this.#taken].filter((it) => it > offset));
  }
}

interface Parts {
  readonly key: string;
  readonly type: string;
  readonly time: number;
}

function partsOf(line: string): Parts | undefined {
  const first = line.charCodeAt(0);
  // `t` or `n`: nearly all other lines are told apart by their first letter.
  if (first !== 0x74 && first !== 0x6e) return undefined;
  const [, node = "", type, seconds, ms, serial] = opening.exec(line) ?? [];
  if (type === undefined) return undefined;
  return { key: `${node} ${seconds}.${ms}:${serial}`, type, time: Number(seconds) * 1000 + Number(ms) };
}
