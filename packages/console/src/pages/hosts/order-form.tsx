import type { HostOrder, HostRow } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { decide } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Dialog, Form, Reason } from "../../ui/dialog.tsx";
import { Problem } from "../../ui/states.tsx";
import { Shown } from "../../ui/text.tsx";

interface OrderProps {
  readonly host: HostRow;
  readonly order: HostOrder["order"];
  /** What happens to what. */
  readonly says: string;
  readonly onClose: () => void;
}

/** One order that needs nothing but a reason. */
export function Order({ host, order, says, onClose }: OrderProps) {
  const [reason, setReason] = useState("");
  const ask = useMutation({ mutationFn: () => decide.ask(host.id, order, reason), onSuccess: onClose });
  return (
    <Dialog title={`Ask ${host.name}`} onClose={onClose}>
      <Form onSubmit={() => reason.trim() !== "" && ask.mutate()}>
        <p>
          <Shown>{says}</Shown>
        </p>
        <Reason label="Reason, for the evidence" value={reason} onChange={setReason} focus />
        {ask.error && <Problem error={ask.error} />}
        <Buttons>
          <Button look="main" submits disabled={reason.trim() === "" || ask.isPending}>
            Do it
          </Button>
          <Button onClick={onClose}>Leave it</Button>
        </Buttons>
      </Form>
    </Dialog>
  );
}
