import { maxMerged, type IncidentRow } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { decideOwn } from "../../api/own-rules.ts";
import { plural } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Choices, Dialog, Form, Reason } from "../../ui/dialog.tsx";
import { Problem } from "../../ui/states.tsx";
import { Muted, Shown } from "../../ui/text.tsx";

interface MergeProps {
  readonly incidents: readonly IncidentRow[];
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Several incidents that tell one story: one of them takes the others in. */
export function Merge({ incidents, onClose, onDone }: MergeProps) {
  const [into, setInto] = useState(incidents.toSorted((a, b) => a.number - b.number)[0]?.id);
  const [reason, setReason] = useState("");
  const navigate = useNavigate();
  const merge = useMutation({
    mutationFn: (it: string) =>
      decideOwn.merge(
        it,
        incidents.flatMap(({ id }) => (id === it ? [] : [id])),
        reason,
      ),
    onSuccess: ({ id }) => {
      onDone();
      onClose();
      void navigate({ to: "/incidents/$id", params: { id } });
    },
  });
  const options = incidents.map((it) => ({
    id: it.id,
    label: `INC-${it.number}`,
    about: (
      <Muted>
        <Shown>{it.title}</Shown>
      </Muted>
    ),
  }));
  const isTooMany = incidents.length > maxMerged + 1;
  return (
    <Dialog title={`Merge ${plural(incidents.length, "incident")}`} onClose={onClose}>
      <Form onSubmit={() => into !== undefined && reason.trim() !== "" && merge.mutate(into)}>
        <Choices legend="Which one holds the others" options={options} value={into} onChange={setInto} />
        <p>
          <Muted>
            Alerts, comments, pins and actions go along; the other addresses lead to it, and later alerts join it. It
            can be undone.
          </Muted>
        </p>
        <Reason label="Reason, for the evidence" value={reason} onChange={setReason} focus />
        {isTooMany && <p>At most {plural(maxMerged + 1, "incident")} are merged at once.</p>}
        {merge.error && <Problem error={merge.error} />}
        <Buttons>
          <Button look="main" submits disabled={reason.trim() === "" || isTooMany || merge.isPending}>
            Merge them
          </Button>
          <Button onClick={onClose}>Leave them apart</Button>
        </Buttons>
      </Form>
    </Dialog>
  );
}
