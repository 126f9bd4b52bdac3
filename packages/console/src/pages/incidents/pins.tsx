import { printFilter, type Pin } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { decide } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Dialog, Form, Reason } from "../../ui/dialog.tsx";
import { Section } from "../../ui/parts.tsx";
import { Problem } from "../../ui/states.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import s from "./incidents.module.css";

/** Events that people tied to the incident, with why; each can be taken out again. */
export function Pins({ incident, pins }: { readonly incident: string; readonly pins: readonly Pin[] }) {
  const [leaving, setLeaving] = useState<Pin>();
  if (pins.length === 0) return null;
  return (
    <Section title="Pinned events" aside={<Muted>{pins.length}</Muted>}>
      {pins.map((it) => (
        <div className={s.pin} key={it.event}>
          <Link
            to="/events"
            search={{
              filter: printFilter([{ field: "id", op: "=", values: [it.event], excluded: false }]),
              sel: it.event,
              wide: true,
            }}
          >
            <Shown>{it.reason}</Shown>
          </Link>
          <div>
            <Muted>
              <At at={it.time} /> · pinned by <Shown>{it.by}</Shown>
            </Muted>{" "}
            <button type="button" className={s.more} onClick={() => setLeaving(it)}>
              take out
            </button>
          </div>
        </div>
      ))}
      {leaving && <Unpin incident={incident} of={leaving} onClose={() => setLeaving(undefined)} />}
    </Section>
  );
}

function Unpin(props: { readonly incident: string; readonly of: Pin; readonly onClose: () => void }) {
  const { incident, of: it, onClose } = props;
  const [reason, setReason] = useState("");
  const unpin = useMutation({ mutationFn: () => decide.unpin(incident, it.event, reason), onSuccess: onClose });
  return (
    <Dialog title="Take this event out of the incident" onClose={onClose}>
      <Form onSubmit={() => reason.trim() !== "" && unpin.mutate()}>
        <p>
          <Shown>{it.reason}</Shown>
        </p>
        <Reason label="Reason, for the evidence" value={reason} onChange={setReason} focus />
        {unpin.error && <Problem error={unpin.error} />}
        <Buttons>
          <Button look="main" submits disabled={reason.trim() === "" || unpin.isPending}>
            Take it out
          </Button>
          <Button onClick={onClose}>Leave it</Button>
        </Buttons>
      </Form>
    </Dialog>
  );
}
