/** Groups whose findings are remembered; then those told longest ago go, and would be told again. */
const maxGroups = 4_096;

/** What was told of whom: each finding of a principal, or of a group, once. */
export class ToldBook {
  readonly #findings = new Map<string, Set<string>>();
  readonly #groups = new Map<string, readonly number[]>();

  /** Notes a finding. @param who One slot, or a group's. @returns Whether it was not told before. */
  isNew(who: readonly number[], finding: string): boolean {
    const key = who.join();
    const findings = this.#findings.get(key) ?? new Set();
    if (findings.has(finding)) return false;
    this.restore(who, [...findings, finding]);
    return true;
  }

  /** What was told of one slot, or of a group. */
  of(who: readonly number[]): string[] {
    return [...(this.#findings.get(who.join()) ?? [])];
  }

  /** What was told of groups. */
  groups(): { readonly who: readonly number[]; readonly findings: readonly string[] }[] {
    return [...this.#groups.values()].map((who) => ({ who, findings: this.of(who) }));
  }

  restore(who: readonly number[], findings: readonly string[]): void {
    const key = who.join();
    if (findings.length > 0) this.#findings.set(key, new Set(findings));
    if (who.length < 2 || findings.length === 0) return;
    this.#groups.delete(key);
    this.#groups.set(key, who);
    if (this.#groups.size <= maxGroups) return;
    const [oldest] = this.#groups.keys();
    if (oldest === undefined) return;
    this.#groups.delete(oldest);
    this.#findings.delete(oldest);
  }
}
