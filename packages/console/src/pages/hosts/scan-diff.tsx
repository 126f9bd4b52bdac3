import type { ScanChange } from "@outweigh/schema";
import { count } from "../../format/size.ts";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import s from "./scans.module.css";

const kinds: readonly (readonly [keyof ScanChange, string])[] = [
  ["newCopies", "New copies"],
  ["changedCopies", "Copies whose readers or declaration changed"],
  ["newPaths", "New theft paths"],
  ["newTokens", "New tokens"],
  ["newListeners", "New listeners"],
  ["goneCopies", "Copies that are gone"],
  ["gonePaths", "Theft paths that are gone"],
  ["goneTokens", "Tokens that are gone"],
  ["goneListeners", "Listeners that are gone"],
  ["firstLooked", "Copies in folders that were not read before: they may have lain there"],
];

/** What a scan found otherwise than the one before. */
export function ScanDiff({ of: it }: { readonly of: ScanChange | undefined }) {
  if (!it) return <Muted>The first scan of this host: there is none before it to compare with.</Muted>;
  const told = kinds.filter(([kind]) => it[kind].total > 0);
  if (told.length === 0) return <Muted>✓ Nothing changed since the one before, in the folders that it read.</Muted>;
  return told.map(([kind, title]) => (
    <div className={s.kind} key={kind}>
      <span>
        {title} <Muted>{count(it[kind].total)}</Muted>
      </span>
      {it[kind].items.map(({ what, says, before }) => (
        <div className={s.line} key={`${what} ${says}`}>
          <Mono>{what}</Mono>
          <Muted>
            <Shown>{says}</Shown>
            {before !== undefined && (
              <>
                {" · before: "}
                <Shown>{before}</Shown>
              </>
            )}
          </Muted>
        </div>
      ))}
      {it[kind].total > it[kind].items.length && (
        <Muted>{count(it[kind].total - it[kind].items.length)} more are counted, not kept.</Muted>
      )}
    </div>
  ));
}
