import type { IncidentRow } from "@outweigh/schema";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { decide, sessionQuery } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { useShortcuts } from "../../ui/shortcuts.ts";
import { Problem } from "../../ui/states.tsx";
import { Close } from "./close.tsx";
import { Merge } from "./merge.tsx";

/** What can be done to all selected incidents at once. The keys mean all of them while any is selected. */
export function Bulk({ rows, done }: { readonly rows: readonly IncidentRow[]; readonly done: () => void }) {
  // Those that were selected when the question was asked: rows that close leave the list while the others still close.
  const [closing, setClosing] = useState<readonly IncidentRow[]>();
  const [merging, setMerging] = useState<readonly IncidentRow[]>();
  const { data: session } = useQuery(sessionQuery);
  const assign = useMutation({
    mutationFn: async () => {
      for (const { id } of rows) await decide.assign(id, session?.user.name ?? null);
    },
    onSuccess: done,
  });
  const isSeveral = rows.length > 1;
  useShortcuts(
    {
      assign: () => assign.mutate(),
      close: () => setClosing(rows),
      ...(isSeveral && { merge: () => setMerging(rows) }),
    },
    "selection",
  );
  return (
    <>
      <Button shortcut="assign" disabled={assign.isPending} onClick={() => assign.mutate()}>
        Assign all to me
      </Button>
      <Button shortcut="close" onClick={() => setClosing(rows)}>
        Close all
      </Button>
      <Button shortcut="merge" disabled={!isSeveral} onClick={() => setMerging(rows)}>
        Merge
      </Button>
      {assign.error && <Problem error={assign.error} />}
      {closing && <Close incidents={closing} onClose={() => setClosing(undefined)} onDone={done} />}
      {merging && <Merge incidents={merging} onClose={() => setMerging(undefined)} onDone={done} />}
    </>
  );
}
