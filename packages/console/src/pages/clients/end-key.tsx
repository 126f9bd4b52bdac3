import type { ClientKeyRow, MadeKey } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { decide } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Dialog, Form, Reason } from "../../ui/dialog.tsx";
import { Problem } from "../../ui/states.tsx";
import { Made } from "./make-key.tsx";

interface EndKeyProps {
  readonly of: ClientKeyRow;
  readonly how: "rotate" | "revoke";
  readonly onClose: () => void;
}

/** Ends a key: at once, or a day after another one took over. */
export function EndKey({ of: it, how, onClose }: EndKeyProps) {
  const [reason, setReason] = useState("");
  const end = useMutation({
    mutationFn: async (): Promise<MadeKey | undefined> => {
      if (how === "rotate") return decide.rotateKey(it.gateway, it.id, reason);
      await decide.revokeKey(it.gateway, it.id, reason);
      return undefined;
    },
    onSuccess: (made) => {
      if (!made) onClose();
    },
  });
  if (end.data) return <Made of={end.data} onClose={onClose} />;
  const ready = reason.trim() !== "";
  return (
    <Dialog title={how === "rotate" ? `Rotate ${it.id}` : `Revoke ${it.id}`} onClose={onClose}>
      <Form onSubmit={() => ready && end.mutate()}>
        <p>
          {how === "rotate"
            ? `${it.principal} gets another key with the same rights; this one ends in a day, so that its programs can change over.`
            : `${it.principal} cannot ask with it from now on. It cannot be undone: make another key instead.`}
        </p>
        <Reason label="Reason, for the evidence" value={reason} onChange={setReason} focus />
        {end.error && <Problem error={end.error} />}
        <Buttons>
          <Button look="main" submits disabled={!ready || end.isPending}>
            {how === "rotate" ? "Make another key" : "Revoke it"}
          </Button>
          <Button onClick={onClose}>Leave it</Button>
        </Buttons>
      </Form>
    </Dialog>
  );
}
