// Every pattern here takes time in proportion to its text: whoever starts a program chooses 128 KiB of it.
/** Names of options whose value is a secret. */
const secretName = /pass(?:wo?r?d|phrase)?|secret|token|api[-_]?key|credential|auth/i;

/** What stands in place of a secret. */
const cut = "…";

/**
 * The arguments of a command with what looks like a secret cut out: values of options that name one, passwords in addresses, bearer
 * tokens, and long runs of random-looking characters.
 *
 * Blind spot: a secret that looks like a word. It is kept as an argument would be in the audit log.
 */
export function withoutSecrets(command: readonly string[]): string[] {
  return command.map((it, i) => {
    const before = command[i - 1] ?? "";
    const named = /^-{1,2}[\w-]+$/.test(before) && secretName.test(before) && !it.startsWith("-");
    if (named || (/^-[uU]$/.test(before) && it.includes(":"))) return cut;
    return it
      .replace(/^(-{0,2}[\w.-]+)=(.*)$/s, (all, name: string) => (secretName.test(name) ? `${name}=${cut}` : all))
      .replace(/\/\/[^/@\s]+@/g, `//${cut}@`)
      .replace(/authorization:.*/gi, `authorization: ${cut}`)
      .replace(/(bearer|basic)\s+\S+/gi, `$1 ${cut}`)
      .replace(/(?<![\w/.+-])(?=[\w+-]*\d)(?=[\w+-]*[A-Za-z])[\w+-]{32,}={0,2}(?![\w/.-])/g, cut);
  });
}
