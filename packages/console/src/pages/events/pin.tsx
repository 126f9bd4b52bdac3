import type { OcsfEvent } from "@outweigh/schema";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { decide, openIncidentsQuery } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Choices, Dialog, Form, Reason } from "../../ui/dialog.tsx";
import { Problem, Waiting } from "../../ui/states.tsx";
import { Shown } from "../../ui/text.tsx";

/** Ties an event to an open incident: from then on it stands in its timeline and its pack. */
export function PinButton({ of: it }: { readonly of: OcsfEvent }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>Pin to an incident</Button>
      {open && <Pin of={it} onClose={() => setOpen(false)} />}
    </>
  );
}

function Pin({ of: it, onClose }: { readonly of: OcsfEvent; readonly onClose: () => void }) {
  const { data, error } = useQuery(openIncidentsQuery);
  const [chosen, setChosen] = useState<string>();
  const [reason, setReason] = useState("");
  const pin = useMutation({ mutationFn: (to: string) => decide.pin(to, it, reason), onSuccess: onClose });
  const incidents = data?.items ?? [];
  const ready = chosen !== undefined && reason.trim() !== "";
  return (
    <Dialog title="Pin this event to an incident" onClose={onClose}>
      {!data && !error && <Waiting lines={3} />}
      {error && <Problem error={error} />}
      {data && incidents.length === 0 ? (
        <p>No incident is open. An event can be pinned once there is one it belongs to.</p>
      ) : (
        <Form onSubmit={() => ready && pin.mutate(chosen)}>
          <Choices
            legend="Which incident"
            value={chosen}
            onChange={setChosen}
            options={incidents.map(({ id, number, title }) => ({
              id,
              label: (
                <>
                  INC-{number} <Shown>{title}</Shown>
                </>
              ),
            }))}
          />
          <Reason label="Why it belongs there, for the evidence" value={reason} onChange={setReason} />
          {pin.error && <Problem error={pin.error} />}
          <Buttons>
            <Button look="main" submits disabled={!ready || pin.isPending}>
              Pin it
            </Button>
            <Button onClick={onClose}>Leave it</Button>
          </Buttons>
        </Form>
      )}
    </Dialog>
  );
}
