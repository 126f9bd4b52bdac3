import { includesRole, type ActionRow, type Session } from "@outweigh/schema";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { decide, sessionQuery } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Form, Reason } from "../../ui/dialog.tsx";
import { Bullets, Section } from "../../ui/parts.tsx";
import { Problem } from "../../ui/states.tsx";
import { Muted, Shown } from "../../ui/text.tsx";

interface DecideProps {
  readonly of: ActionRow;
  readonly onDone?: (it: ActionRow) => void;
}

/** A proposal: what would happen, and agreeing to it or not. */
export function Decide({ of: it, onDone }: DecideProps) {
  const { data: session } = useQuery(sessionQuery);
  const [reason, setReason] = useState("");
  const done = { onSuccess: (row: ActionRow) => onDone?.(row) };
  const approve = useMutation({ mutationFn: () => decide.approve(it, reason), ...done });
  const decline = useMutation({ mutationFn: () => decide.decline(it, reason), ...done });
  if (!session) return null;
  const mine = session.user.name === it.by;
  const why = whyNot(it, session.user);
  const ready = reason.trim() !== "" && !approve.isPending && !decline.isPending;
  const error = approve.error ?? decline.error;
  return (
    <>
      {it.effects.length > 0 && (
        <Section title="What would happen">
          <Bullets items={it.effects} />
        </Section>
      )}
      {why !== undefined && (
        <Muted>
          <Shown>{why}</Shown>
        </Muted>
      )}
      <Form onSubmit={() => ready && why === undefined && approve.mutate()}>
        <Reason label="Reason, for the evidence" value={reason} onChange={setReason} />
        {error && <Problem error={error} />}
        <Buttons>
          {why === undefined && (
            <Button look="main" submits disabled={!ready}>
              Approve and do it
            </Button>
          )}
          <Button disabled={!ready} onClick={() => decline.mutate()}>
            {mine ? "Take it back" : "Decline"}
          </Button>
        </Buttons>
      </Form>
    </>
  );
}

/** Why this person cannot agree to it; undefined: they can. The server decides. */
function whyNot(it: ActionRow, { name, by, grants }: Session["user"]): string | undefined {
  if (it.by === name) return "You proposed it: somebody else must agree.";
  if (it.approval === "two-people" && by === "link")
    return "It needs two people who sign in by name; a link is nobody's.";
  if (!grants.some((grant) => includesRole(grant.role, "lead"))) return "A lead must agree.";
  return undefined;
}

/** Puts off the end of what would be undone by itself. */
export function Keep({ of: it, onDone }: DecideProps) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const keep = useMutation({
    mutationFn: () => decide.keep(it, reason),
    onSuccess: (row) => {
      setOpen(false);
      setReason("");
      onDone?.(row);
    },
  });
  if (!open) {
    return (
      <Buttons>
        <Button onClick={() => setOpen(true)}>Keep it longer</Button>
      </Buttons>
    );
  }
  return (
    <Form onSubmit={() => reason.trim() !== "" && keep.mutate()}>
      <Reason
        label="Reason for keeping it, for the evidence"
        value={reason}
        onChange={setReason}
        focus
        onLeave={() => setOpen(false)}
      />
      {keep.error && <Problem error={keep.error} />}
      <Buttons>
        <Button look="main" submits disabled={reason.trim() === "" || keep.isPending}>
          Keep it longer
        </Button>
        <Button onClick={() => setOpen(false)}>Let it end</Button>
      </Buttons>
    </Form>
  );
}
