import type { ActionPreview, ActionRow } from "@outweigh/schema";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import type { Order } from "../../api/address.ts";
import { decide } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Dialog, Form, Reason } from "../../ui/dialog.tsx";
import { Bullets } from "../../ui/parts.tsx";
import { Problem } from "../../ui/states.tsx";
import { Shown } from "../../ui/text.tsx";
import { Outcome } from "./outcome.tsx";

/** What an order would mean, asked anew each time that it is looked at. */
export function usePreview(order: Order) {
  return useQuery({
    queryKey: ["preview", order],
    queryFn: () => decide.preview(order),
    staleTime: 0,
    gcTime: 0,
  });
}

/** What would happen, by name and in its parts. */
export function Effects({ of: it }: { readonly of: ActionPreview }) {
  return (
    <>
      <p>
        <Shown>{it.title}</Shown>
      </p>
      <Bullets items={it.effects} />
    </>
  );
}

interface GiveProps {
  readonly order: Order;
  /** What was seen of it: this and nothing else is done. */
  readonly preview: ActionPreview;
  readonly label: string;
  readonly focus?: boolean;
  /** What the button says. */
  readonly does: ReactNode;
  /** The same while it is done. */
  readonly doing?: ReactNode;
  readonly onDone: (it: ActionRow) => void;
  /** The ways out beside it. */
  readonly children: ReactNode;
}

/** Why, and the order as it was previewed. */
export function Give({ order, preview, label, focus = false, does, doing = does, onDone, children }: GiveProps) {
  const [reason, setReason] = useState("");
  const apply = useMutation({
    mutationFn: () => decide.apply({ ...order, digest: preview.digest, reason }),
    onSuccess: onDone,
  });
  return (
    <Form onSubmit={() => reason.trim() !== "" && apply.mutate()}>
      <Reason label={label} value={reason} onChange={setReason} focus={focus} />
      {apply.error && <Problem error={apply.error} />}
      <Buttons>
        <Button look="main" submits disabled={reason.trim() === "" || apply.isPending}>
          {apply.isPending ? doing : does}
        </Button>
        {children}
      </Buttons>
    </Form>
  );
}

interface DoneProps {
  readonly title: string;
  readonly of: ActionRow;
  readonly onUndone?: (it: ActionRow) => void;
  readonly onClose: () => void;
}

/** How it went, in the dialog that asked for it. */
export function Done({ title, of: it, onUndone, onClose }: DoneProps) {
  return (
    <Dialog title={title} onClose={onClose} wide>
      <Outcome of={it} {...(onUndone && { onUndone })} />
      <Buttons>
        <Button look="main" onClick={onClose}>
          Done
        </Button>
      </Buttons>
    </Dialog>
  );
}
