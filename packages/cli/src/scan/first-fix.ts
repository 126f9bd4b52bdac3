import type { TheftPath } from "@outweigh/schema";

/** One command, and how many theft paths it closes. */
export interface Fix {
  readonly command: string;
  readonly closes: number;
}

/**
 * What to mend first: the command that closes the most verified paths. Files of one folder count together if closing the
 * folder is one command. Undefined if no path has a fix.
 */
export function firstFix(paths: readonly TheftPath[]): Fix | undefined {
  const byCommand = new Map<string, number>();
  for (const { fix } of paths) {
    if (fix === undefined) continue;
    for (const it of new Set([fix, folderFix(fix)])) {
      if (it !== undefined) byCommand.set(it, (byCommand.get(it) ?? 0) + 1);
    }
  }
  let best: Fix | undefined;
  for (const [command, closes] of byCommand) {
    // Of equal ones the narrowest: the longest path.
    if (!best || closes > best.closes || (closes === best.closes && command.length > best.command.length)) {
      best = { command, closes };
    }
  }
  return best;
}

/** Folders that programs need open, and what holds only a few models among much else. */
const shared = /^\/(?:usr|lib|lib64|etc|bin|sbin|opt|tmp|var\/tmp|dev\/shm|var\/lib|proc|sys)(?:\/|$)|^\/[^/]+$/;

/** `chmod o-r /srv/models/a.bin` closes one file; `chmod o-rx /srv/models` closes all in the folder. */
function folderFix(fix: string): string | undefined {
  const [, who, path] = /^chmod (\w+)-r (\/[\w@%+=:,./-]+)\/[^/]+$/.exec(fix) ?? [];
  if (who === undefined || path === undefined || shared.test(path)) return undefined;
  return `chmod ${who}-rx ${path}`;
}
