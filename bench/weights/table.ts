/** Prints rows as columns, the last one as wide as it likes. Numbers to the right. */
export function printTable(rows: readonly (readonly (string | number)[])[]): void {
  const texts = rows.map((row) => row.map(String));
  const widths = (texts[0] ?? []).map((_, c) => Math.max(...texts.map((row) => row[c]?.length ?? 0)));
  for (const [r, row] of texts.entries()) {
    const cells = row.map((it, c) => {
      if (c === row.length - 1) return it;
      return typeof rows[r]?.[c] === "number" ? it.padStart(widths[c] ?? 0) : it.padEnd(widths[c] ?? 0);
    });
    process.stdout.write(`${cells.join("  ").trimEnd()}\n`);
  }
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Progress, apart from the answer. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** `1e-88` */
export function power(p: number): string {
  return p >= 0.001 ? p.toFixed(3) : p.toExponential(0);
}
