import type { Grouping } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { decideOwn } from "../../api/own-rules.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Form, Reason } from "../../ui/dialog.tsx";
import { Problem } from "../../ui/states.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";

/** What people decided of how its alerts stand together. The latest decision can be undone. */
export function Groupings({ incident, all }: { readonly incident: string; readonly all: readonly Grouping[] }) {
  const latest = all.find((it) => it.undone === undefined);
  return all.map((it) => (
    <div key={it.id}>
      <p>
        <At at={it.at} /> <Shown>{it.by}</Shown> {it.kind === "merge" ? "merged" : "took alerts out into"}{" "}
        {it.others.map(({ number }) => `INC-${number}`).join(", ")}
        {it.kind === "merge" && " into it"}: <Shown>{it.reason}</Shown>
        {it.undone && (
          <Muted>
            {" "}
            Undone by <Shown>{it.undone.by}</Shown>: <Shown>{it.undone.reason}</Shown>
          </Muted>
        )}
      </p>
      {it === latest && <Undo incident={incident} grouping={it} />}
    </div>
  ));
}

function Undo({ incident, grouping }: { readonly incident: string; readonly grouping: Grouping }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const undo = useMutation({
    mutationFn: () => decideOwn.undoGrouping(incident, grouping.id, reason),
    onSuccess: () => setOpen(false),
  });
  const what = grouping.kind === "merge" ? "Undo the merging" : "Undo the splitting";
  if (!open)
    return (
      <Buttons>
        <Button onClick={() => setOpen(true)}>{what}</Button>
      </Buttons>
    );
  return (
    <Form onSubmit={() => reason.trim() !== "" && undo.mutate()}>
      <Reason
        label="Reason for undoing, for the evidence"
        value={reason}
        onChange={setReason}
        focus
        onLeave={() => setOpen(false)}
      />
      {undo.error && <Problem error={undo.error} />}
      <Buttons>
        <Button look="main" submits disabled={reason.trim() === "" || undo.isPending}>
          {what}
        </Button>
        <Button onClick={() => setOpen(false)}>Leave it</Button>
      </Buttons>
    </Form>
  );
}
