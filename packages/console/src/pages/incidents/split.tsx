import type { AlertRow } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { decideOwn } from "../../api/own-rules.ts";
import { plural } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Dialog, Form, Reason } from "../../ui/dialog.tsx";
import { Problem } from "../../ui/states.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import s from "./incidents.module.css";

interface SplitProps {
  readonly incident: string;
  readonly alerts: readonly AlertRow[];
  readonly onClose: () => void;
}

/** Takes alerts that tell another story out of an incident, into one of their own. */
export function Split({ incident, alerts, onClose }: SplitProps) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [reason, setReason] = useState("");
  const navigate = useNavigate();
  const split = useMutation({
    mutationFn: () => decideOwn.split(incident, [...chosen], reason),
    onSuccess: ({ id }) => {
      onClose();
      void navigate({ to: "/incidents/$id", params: { id } });
    },
  });
  const toggle = (id: string): void => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const isGood = chosen.size > 0 && chosen.size < alerts.length;
  return (
    <Dialog title="Split: take alerts out" onClose={onClose}>
      <Form onSubmit={() => isGood && reason.trim() !== "" && split.mutate()}>
        <fieldset className={s.chosen}>
          <legend>Alerts of the new incident; at least one stays</legend>
          {alerts.map((it) => (
            <label key={it.id}>
              <input type="checkbox" checked={chosen.has(it.id)} onChange={() => toggle(it.id)} />{" "}
              <Shown>{it.title}</Shown>{" "}
              <Muted>
                <Shown>{[it.principal, it.model].filter((one) => one !== undefined).join(" · ")}</Shown>
              </Muted>
            </label>
          ))}
        </fieldset>
        <Reason label="Reason, for the evidence" value={reason} onChange={setReason} />
        {split.error && <Problem error={split.error} />}
        <Buttons>
          <Button look="main" submits disabled={!isGood || reason.trim() === "" || split.isPending}>
            Take {chosen.size === 0 ? "them" : plural(chosen.size, "alert")} out
          </Button>
          <Button onClick={onClose}>Leave them</Button>
        </Buttons>
      </Form>
    </Dialog>
  );
}
