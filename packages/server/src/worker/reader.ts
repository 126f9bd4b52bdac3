// What plain and packed files have in common: who they are, and whether they are still there.
import type { FilePosition } from "./position.ts";
import type { PlacedRecord, Portion, UnreadableRecord } from "./record.ts";
import type { Place } from "./split.ts";
import type { FoundFile } from "./watched.ts";

/** How long a file that is gone is remembered, in ms: a rotation may bring it back under another name. */
const forgetMs = 3_600_000;

export interface FileBatch {
  readonly records: readonly PlacedRecord[];
  readonly rejects: readonly UnreadableRecord[];
}

/** One watched file. `position` changes only when something was handed out, or when the file was begun anew. */
export abstract class FileReader {
  position: FilePosition;
  /** Where it was seen last; empty before it was. */
  protected path = "";
  /** Bytes on disk when it was seen last. */
  protected size: number;
  /** When we last saw it change, in ms. */
  protected changedAt = Date.now();
  #missingSince: number | undefined;

  constructor(position: FilePosition) {
    this.position = position;
    this.size = position.size;
  }

  get isPresent(): boolean {
    return this.#missingSince === undefined;
  }

  /** Whether its position can be dropped. */
  get isForgotten(): boolean {
    return this.#missingSince !== undefined && Date.now() - this.#missingSince > forgetMs;
  }

  /** The last look found it, perhaps under another name, longer, or emptied. Answers with what was lost, if something was. */
  async meet(found: FoundFile): Promise<UnreadableRecord | undefined> {
    this.#missingSince = undefined;
    this.path = found.path;
    const changed = found.size !== this.size || found.writtenAt !== this.position.writtenAt;
    if (!changed) return undefined;
    this.changedAt = Date.now();
    const noticed = await this.noticeChange(found);
    if (noticed === "unsure") return undefined; // Renamed meanwhile: the next look tells.
    this.size = found.size;
    this.position = { ...this.position, writtenAt: found.writtenAt, size: found.size };
    return noticed;
  }

  /** The last look did not find it. */
  async miss(): Promise<void> {
    this.#missingSince ??= Date.now();
  }

  /** Whether reading may hand something out. */
  abstract get mayHaveMore(): boolean;
  /** The next records; undefined when there is nothing new. */
  abstract read(portion: Portion): Promise<FileBatch | undefined>;
  abstract close(): void;
  /** Its size or time changed. `this.size` is still the old one. Nothing changes when the answer is `unsure`. */
  protected abstract noticeChange(found: FoundFile): Promise<UnreadableRecord | "unsure" | undefined>;

  /** What all its records have in common. Emptied and begun anew, it is another file to the ids of its events. */
  protected get place(): Place {
    const { name, generation, writtenAt } = this.position;
    return { file: `${name}:${generation}`, writtenAt, way: "file" };
  }

  protected reject(offset: number, reason: string): UnreadableRecord {
    return { file: this.path, offset, reason, record: "" };
  }
}
