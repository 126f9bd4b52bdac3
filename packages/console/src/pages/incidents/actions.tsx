import { type ActionOption, type IncidentRow, type IncidentStatus } from "@outweigh/schema";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { decide, sessionQuery } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import button from "../../ui/button.module.css";
import { Menu } from "../../ui/menu.tsx";
import { Actions } from "../../ui/parts.tsx";
import { useShortcuts } from "../../ui/shortcuts.ts";
import { Problem } from "../../ui/states.tsx";
import { Respond } from "../actions/respond.tsx";
import { Close } from "./close.tsx";
import { statusWord } from "./words.ts";

interface IncidentActionsProps {
  readonly incident: IncidentRow;
  /** What could be done now; undefined while it is not known. */
  readonly options: readonly ActionOption[] | undefined;
  /** The page offers every status, the pane the common ones. */
  readonly all?: boolean;
}

/** Respond, assign, close: the same buttons and keys beside the list and on the page. */
export function IncidentActions({ incident, options, all = false }: IncidentActionsProps) {
  const [open, setOpen] = useState<"respond" | "close">();
  const { data: session } = useQuery(sessionQuery);
  const me = session?.user.name;
  const mine = me !== undefined && incident.assignee === me;
  const assign = useMutation({ mutationFn: () => decide.assign(incident.id, mine ? null : (me ?? null)) });
  const status = useMutation({
    mutationFn: (to: IncidentStatus) => decide.status(incident.id, { status: to, reason: "" }),
  });
  const closed = incident.status === "closed";
  const reopen = () => status.mutate("in-progress");
  useShortcuts({
    respond: () => setOpen("respond"),
    assign: () => assign.mutate(),
    close: closed ? reopen : () => setOpen("close"),
  });
  const error = assign.error ?? status.error;
  return (
    <>
      <Actions>
        <Button look="main" shortcut="respond" disabled={!options} onClick={() => setOpen("respond")}>
          Respond
        </Button>
        <Button shortcut="assign" disabled={assign.isPending || !me} onClick={() => assign.mutate()}>
          {mine ? "Let go of it" : "Assign to me"}
        </Button>
        <Button shortcut="close" disabled={status.isPending} onClick={closed ? reopen : () => setOpen("close")}>
          {closed ? "Reopen" : "Close"}
        </Button>
        {all && <StatusMenu of={incident} onChange={(to) => status.mutate(to)} onClose={() => setOpen("close")} />}
      </Actions>
      {error && <Problem error={error} />}
      {open === "respond" && options && (
        <Respond incident={incident.id} options={options} onClose={() => setOpen(undefined)} />
      )}
      {open === "close" && <Close incidents={[incident]} onClose={() => setOpen(undefined)} />}
    </>
  );
}

interface StatusMenuProps {
  readonly of: IncidentRow;
  readonly onChange: (to: IncidentStatus) => void;
  readonly onClose: () => void;
}

function StatusMenu({ of: incident, onChange, onClose }: StatusMenuProps) {
  const statuses = Object.keys(statusWord) as IncidentStatus[];
  const items = statuses.map((it) => ({
    label: it === "closed" ? "Closed, with a verdict" : statusWord[it],
    onClick: () => (it === "closed" ? onClose() : onChange(it)),
    about: it === incident.status ? "now" : "",
  }));
  return (
    <Menu groups={[{ label: "Status", items }]} className={button.button}>
      {statusWord[incident.status]} ▾
    </Menu>
  );
}
