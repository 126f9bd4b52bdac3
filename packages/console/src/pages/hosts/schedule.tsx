import type { HostRow, ScanSchedule } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { decide } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Choices, Dialog, Form, Reason } from "../../ui/dialog.tsx";
import { Problem } from "../../ui/states.tsx";
import { Muted } from "../../ui/text.tsx";

const options = [
  { id: "24", label: "Every day", about: <Muted>A host where weights come and go.</Muted> },
  { id: "168", label: "Every week", about: <Muted>Most hosts.</Muted> },
  { id: "720", label: "Every 30 days", about: <Muted>As long as the control on scanned hosts allows.</Muted> },
  { id: "0", label: "Only when it is asked" },
] as const;
type Choice = (typeof options)[number]["id"];

interface ScheduleProps {
  readonly host: HostRow;
  readonly schedule: ScanSchedule | undefined;
  readonly onClose: () => void;
}

/** How often a host is asked for a scan. */
export function Schedule({ host, schedule, onClose }: ScheduleProps) {
  const known = options.find((it) => it.id === String(schedule?.everyHours ?? 168))?.id;
  const [every, setEvery] = useState<Choice>(known ?? "168");
  const [reason, setReason] = useState("");
  const set = useMutation({
    mutationFn: () => decide.scheduleScans(host, Number(every), reason),
    onSuccess: onClose,
  });
  return (
    <Dialog title={`Scans of ${host.name}`} onClose={onClose}>
      <Form onSubmit={() => reason.trim() !== "" && set.mutate()}>
        <Choices legend="How often" value={every} onChange={setEvery} options={options} />
        <Reason label="Reason, for the evidence" value={reason} onChange={setReason} focus />
        {set.error && <Problem error={set.error} />}
        <Buttons>
          <Button look="main" submits disabled={reason.trim() === "" || set.isPending}>
            Set it
          </Button>
          <Button onClick={onClose}>Leave it</Button>
        </Buttons>
      </Form>
    </Dialog>
  );
}
