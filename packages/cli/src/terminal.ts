import { constants } from "node:os";
import type { Severity } from "@outweigh/schema";
import { glyph } from "./text/severity.ts";
import { visible } from "./text/visible.ts";
import { middle } from "./text/width.ts";

/** Widest line, in columns: beyond, the eye loses the row. */
const maxWidth = 100;
/** How often a progress line is drawn on a terminal, and written where there is none, in ms. */
const drawMs = 100;
const writeMs = 10_000;

interface TerminalOptions {
  readonly stdout: { write(text: string | Uint8Array): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly isTerminal: boolean;
  readonly columns?: number | undefined;
  readonly colour: boolean;
  now(): number;
}

/** Where output goes: results to stdout, everything about the way there to stderr. */
export class Terminal {
  readonly width: number;
  readonly colour: boolean;
  readonly #options: TerminalOptions;
  #drawn = false;
  #drawnAt: number;

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.width = Math.max(40, Math.min(options.columns ?? maxWidth, maxWidth));
    this.colour = options.colour;
    this.#drawnAt = options.now();
  }

  /** One line of the result. Text of others must have gone through `visible`. */
  print(line = ""): void {
    this.#erase();
    this.#options.stdout.write(`${line}\n`);
  }

  /** The result for a machine. */
  printJson(value: unknown): void {
    this.#erase();
    this.#options.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** The result as it is, byte for byte. */
  printRaw(text: string | Uint8Array): void {
    this.#erase();
    this.#options.stdout.write(text);
  }

  /** One line about what is going on. */
  say(line: string): void {
    this.#erase();
    this.#options.stderr.write(`${line}\n`);
  }

  /** How far it is. Drawn over the last one on a terminal; elsewhere written now and then, so that a log shows life. */
  progress(text: () => string): void {
    const { isTerminal, stderr, now } = this.#options;
    if (now() - this.#drawnAt < (isTerminal ? drawMs : writeMs)) return;
    this.#drawnAt = now();
    const line = middle(visible(text()), this.width - 1);
    stderr.write(isTerminal ? `\r\x1b[K${line}` : `${line}\n`);
    this.#drawn = isTerminal;
  }

  glyph(severity: Severity): string {
    return glyph(severity, this.colour);
  }

  bold(text: string): string {
    return this.colour ? `\x1b[1m${text}\x1b[0m` : text;
  }

  #erase(): void {
    if (this.#drawn) this.#options.stderr.write("\r\x1b[K");
    this.#drawn = false;
  }
}

/** This process's terminal. No colour where nobody looks, or where `NO_COLOR` asks for none (no-color.org). */
export function ownTerminal(): Terminal {
  const { stdout, stderr, env } = process;
  // Whoever reads may stop reading: `outweigh scan | head`. Then there is nobody left to tell, and we end as SIGPIPE ends a program.
  for (const it of [stdout, stderr]) {
    it.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(128 + constants.signals.SIGPIPE);
      throw error;
    });
  }
  const plain = (env.NO_COLOR ?? "") !== "" || env.TERM === "dumb";
  return new Terminal({
    stdout,
    stderr,
    isTerminal: stderr.isTTY === true,
    columns: stdout.columns,
    colour: stdout.isTTY === true && !plain,
    now: () => performance.now(),
  });
}
