import { orderVerb, type ActionRow } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { decide } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Form, Reason } from "../../ui/dialog.tsx";
import { Facts, Section } from "../../ui/parts.tsx";
import { Problem } from "../../ui/states.tsx";
import { Shown } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import { Decide, Keep } from "./decide.tsx";

/** Whether it is ordered of a gateway, about one of its clients. */
export function isOrder(verb: ActionRow["verb"]): boolean {
  return orderVerb.options.some((it) => it === verb);
}

/** What ends at the time that was agreed to: nobody can put it off, least of all alone. */
const endsItself: ReadonlySet<ActionRow["verb"]> = new Set<ActionRow["verb"]>([
  ...orderVerb.options,
  "permit",
  "open-capture",
  "publish-rule",
  "block-egress",
]);

/** How it went, in words: done means verified. */
export const stateWord: Readonly<Record<ActionRow["state"], string>> = {
  pending: "Waits for approval",
  running: "Running",
  verified: "✓ Verified",
  failed: "Failed",
  undone: "Undone",
  declined: "Declined",
  lapsed: "Lapsed",
};

/** Who has to agree. */
export const approvalText: Readonly<Record<ActionRow["approval"], string>> = {
  person: "A lead",
  "two-people": "A lead who is not the one that proposed it",
};

interface OutcomeProps {
  readonly of: ActionRow;
  /** False where its title already stands above. */
  readonly named?: boolean;
  readonly onUndone?: (it: ActionRow) => void;
}

/** One action: what was done, whether it worked, and the way back. */
export function Outcome({ of: it, named = true, onUndone }: OutcomeProps) {
  return (
    <>
      <Section title={stateWord[it.state]}>
        {named && (
          <p>
            <Shown>{it.title}</Shown>
          </p>
        )}
        {it.problem && (
          <p>
            <Shown>{it.problem}</Shown>
          </p>
        )}
        {it.state === "verified" && it.seen === undefined && <p>It was done, and it was checked that it worked.</p>}
        {it.state === "failed" && it.undoable && <p>Some of it may be done all the same: undo it to be sure.</p>}
      </Section>
      <Facts
        rows={[
          [it.state === "pending" ? "Proposed" : "Ordered", <At at={it.at} key="at" />],
          ["By", <Shown key="by">{it.by}</Shown>],
          ["Reason", <Shown key="reason">{it.reason}</Shown>],
          ["Must agree", it.state === "pending" ? approvalText[it.approval] : undefined],
          ["Until", it.state === "pending" && it.decideBy ? <At at={it.decideBy} key="decide-by" /> : undefined],
          [
            it.state === "declined" ? "Declined by" : "Approved by",
            it.decidedBy && <Shown key="decided">{it.decidedBy}</Shown>,
          ],
          [
            it.state === "declined" ? "Reason for declining" : "Reason for approving",
            it.decidedReason && <Shown key="decided-reason">{it.decidedReason}</Shown>,
          ],
          ["Ends by itself", it.state === "verified" && it.endsAt ? <At at={it.endsAt} key="ends" /> : undefined],
          ["Seen", it.state !== "undone" && it.seen && <Shown key="seen">{it.seen}</Shown>],
          ["Verified", it.verifiedAt && <At at={it.verifiedAt} key="verified" />],
          ["Undone", it.undoneAt && <At at={it.undoneAt} key="undone" />],
          ["Undone by", it.undoneBy && <Shown key="undone-by">{it.undoneBy}</Shown>],
          ["Reason for undoing", it.undoneReason && <Shown key="undone-reason">{it.undoneReason}</Shown>],
          [
            "Evidence",
            <Link to="/evidence" key="evidence">
              every step is in the chain
            </Link>,
          ],
        ]}
      />
      {it.state === "pending" && <Decide of={it} {...(onUndone && { onDone: onUndone })} />}
      {it.undoable && (it.state === "verified" || it.state === "failed") && (
        <>
          <Undo of={it} {...(onUndone && { onUndone })} />
          {it.state === "verified" && it.endsAt !== undefined && !endsItself.has(it.verb) && (
            <Keep of={it} {...(onUndone && { onDone: onUndone })} />
          )}
        </>
      )}
    </>
  );
}

function Undo({ of: it, onUndone }: OutcomeProps) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const undo = useMutation({
    mutationFn: () => decide.undo(it.id, reason, it.incident),
    onSuccess: (done) => {
      setOpen(false);
      onUndone?.(done);
    },
  });
  if (!open) {
    return (
      <Buttons>
        <Button onClick={() => setOpen(true)}>Undo</Button>
      </Buttons>
    );
  }
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
          Undo it
        </Button>
        <Button onClick={() => setOpen(false)}>Leave it</Button>
      </Buttons>
    </Form>
  );
}
