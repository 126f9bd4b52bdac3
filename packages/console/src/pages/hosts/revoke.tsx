import type { HostRow } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { decide } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Dialog, Form, Reason } from "../../ui/dialog.tsx";
import { Problem } from "../../ui/states.tsx";

/** Ends an agent's word for its host. It cannot be undone: the host is enrolled anew. */
export function Revoke({ host, onClose }: { readonly host: HostRow; readonly onClose: () => void }) {
  const [reason, setReason] = useState("");
  const revoke = useMutation({ mutationFn: () => decide.revokeAgent(host.id, reason), onSuccess: onClose });
  return (
    <Dialog title={`Revoke the agent of ${host.name}`} onClose={onClose}>
      <Form onSubmit={() => reason.trim() !== "" && revoke.mutate()}>
        <p>
          Its reports are refused from now on, and what happens on the host is not seen. To see it again, enrol it
          again.
        </p>
        <Reason label="Reason, for the evidence" value={reason} onChange={setReason} focus />
        {revoke.error && <Problem error={revoke.error} />}
        <Buttons>
          <Button look="main" submits disabled={reason.trim() === "" || revoke.isPending}>
            Revoke its agent
          </Button>
          <Button onClick={onClose}>Leave it</Button>
        </Buttons>
      </Form>
    </Dialog>
  );
}
