import type { IncidentRow } from "@outweigh/schema";

/** Says of a row that something of it is watched after a confirmed theft, and what made it worse. */
export function WatchedMark({
  of: { watched, raisedBy },
}: {
  readonly of: Pick<IncidentRow, "raisedBy"> & { readonly watched?: unknown };
}) {
  if (watched === undefined && raisedBy === undefined) return null;
  const said = raisedBy ? `made worse because watched after a theft: ${raisedBy.join(", ")}` : "watched after a theft";
  return (
    <span role="img" aria-label={said} title={said}>
      {"◎\u00a0"}
    </span>
  );
}
