import type { Watched } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { decideOwn } from "../../api/own-rules.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Form, Reason } from "../../ui/dialog.tsx";
import { Section } from "../../ui/parts.tsx";
import { Problem } from "../../ui/states.tsx";
import { Muted } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";

const found: Readonly<Record<Watched["kind"], string>> = {
  model: "What is found about it",
  principal: "What it does",
  host: "What is found on it",
  place: "What is found in it, and about what goes there,",
  address: "What comes from it, or goes there,",
};

/** What is watched after a confirmed theft: since when, why, until when, and the way to end it. */
export function Watch({ of: it, inList = false }: { readonly of: Watched; readonly inList?: boolean }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const end = useMutation({ mutationFn: () => decideOwn.endWatch(it, reason), onSuccess: () => setOpen(false) });
  return (
    <Section title="Watched after a confirmed theft" aside={!inList && <Link to="/watched">All that is watched</Link>}>
      <p>
        {found[it.kind]} counts one step more, from <At at={it.from} /> until <At at={it.until} />
        {it.kind === "model"
          ? ". The principals, hosts, places and addresses of its thefts are watched too, whatever the model."
          : ", whatever the model."}
      </p>
      {it.thefts.map(({ incident, number }) => (
        <p key={incident}>
          <Link to="/incidents/$id" params={{ id: incident }}>
            {number === undefined ? "The incident" : `INC-${number}`}
          </Link>{" "}
          was closed as a true positive.
        </p>
      ))}
      {it.thefts.length === 0 && <p>The incident is of models beyond your spaces.</p>}
      {open ? (
        <Form onSubmit={() => reason.trim() !== "" && end.mutate()}>
          <Reason
            label="Reason for ending it, for the evidence"
            value={reason}
            onChange={setReason}
            focus
            onLeave={() => setOpen(false)}
          />
          <Muted>Closing its incident as a true positive once more has it watched again.</Muted>
          {end.error && <Problem error={end.error} />}
          <Buttons>
            <Button look="main" submits disabled={reason.trim() === "" || end.isPending}>
              End it
            </Button>
            <Button onClick={() => setOpen(false)}>Keep watching</Button>
          </Buttons>
        </Form>
      ) : (
        <Buttons>
          <Button onClick={() => setOpen(true)}>End the watch</Button>
        </Buttons>
      )}
    </Section>
  );
}
