import type { IncidentRow, Verdict } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { decide } from "../../api/queries.ts";
import { plural } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Choices, Dialog, Form, Reason } from "../../ui/dialog.tsx";
import { Problem } from "../../ui/states.tsx";
import { Muted } from "../../ui/text.tsx";
import { verdictWord } from "./words.ts";

interface CloseProps {
  readonly incidents: readonly IncidentRow[];
  readonly onClose: () => void;
  readonly onDone?: () => void;
}

/** A verdict and a reason: an incident is not closed without them. */
export function Close({ incidents, onClose, onDone }: CloseProps) {
  const [verdict, setVerdict] = useState<Verdict>();
  const [reason, setReason] = useState("");
  const close = useMutation({
    mutationFn: async (it: Verdict) => {
      for (const { id } of incidents) await decide.status(id, { status: "closed", verdict: it, reason });
    },
    onSuccess: () => {
      onClose();
      onDone?.();
    },
  });
  const [first] = incidents;
  const what = incidents.length === 1 && first ? `INC-${first.number}` : plural(incidents.length, "incident");
  const verdicts = (Object.keys(verdictWord) as Verdict[]).map((id) => ({
    id,
    label: verdictWord[id].word,
    about: <Muted>{verdictWord[id].about}</Muted>,
  }));
  return (
    <Dialog title={`Close ${what}`} onClose={onClose}>
      <Form onSubmit={() => verdict && reason.trim() !== "" && close.mutate(verdict)}>
        <Choices legend="Verdict" options={verdicts} value={verdict} onChange={setVerdict} />
        <Reason label="Reason, for the evidence" value={reason} onChange={setReason} />
        {close.error && <Problem error={close.error} />}
        <Buttons>
          <Button look="main" submits disabled={!verdict || reason.trim() === "" || close.isPending}>
            Close {what}
            {verdict ? ` as ${verdictWord[verdict].word.toLowerCase()}` : ""}
          </Button>
          <Button onClick={onClose}>Keep it open</Button>
        </Buttons>
      </Form>
    </Dialog>
  );
}
