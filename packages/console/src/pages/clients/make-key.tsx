import type { ClientKeyPage, MadeKey } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { decide } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Dialog, Form, Reason } from "../../ui/dialog.tsx";
import { Field, Select } from "../../ui/field.tsx";
import { Problem } from "../../ui/states.tsx";
import { Copy, Mono, Muted } from "../../ui/text.tsx";
import s from "./clients.module.css";

interface MakeKeyProps {
  readonly gateways: ClientKeyPage["gateways"];
  readonly onClose: () => void;
}

/** Makes a key for one client. It is shown once. */
export function MakeKey({ gateways, onClose }: MakeKeyProps) {
  const [gateway, setGateway] = useState(gateways[0]?.id ?? "");
  const [principal, setPrincipal] = useState("");
  const [tenant, setTenant] = useState("");
  const [plan, setPlan] = useState("default");
  const [models, setModels] = useState("");
  const [reason, setReason] = useState("");
  const make = useMutation({
    mutationFn: () =>
      decide.makeKey({
        gateway,
        principal: principal.trim(),
        ...(tenant.trim() !== "" && { tenant: tenant.trim() }),
        ...(plan !== "default" && { plan }),
        models: models.split(/[\s,]+/).filter(Boolean),
        reason,
      }),
  });
  if (make.data) return <Made of={make.data} onClose={onClose} />;
  const chosen = gateways.find((it) => it.id === gateway);
  const ready = principal.trim() !== "" && reason.trim() !== "";
  return (
    <Dialog title="Make a key" onClose={onClose} wide>
      <Form onSubmit={() => ready && make.mutate()}>
        <div className={s.terms}>
          <Field label="Client, as alerts will name it" value={principal} onChange={setPrincipal} focus most={256} />
          <Field
            label="Tenant, whose clients are limited together"
            value={tenant}
            onChange={setTenant}
            optional
            most={256}
          />
          <Select
            label="Plan"
            value={plan}
            onChange={setPlan}
            options={(chosen?.plans ?? []).map((it) => ({ id: it, label: it }))}
          />
          {gateways.length > 1 && (
            <Select
              label="Gateway"
              value={gateway}
              onChange={setGateway}
              options={gateways.map((it) => ({ id: it.id, label: it.name }))}
            />
          )}
          <Field
            label="Models it may ask, * for any characters; none: all"
            value={models}
            onChange={setModels}
            optional
            wide
            most={256}
          />
        </div>
        <Reason label="Reason, for the evidence" value={reason} onChange={setReason} />
        {make.error && <Problem error={make.error} />}
        <Buttons>
          <Button look="main" submits disabled={!ready || make.isPending}>
            Make the key
          </Button>
          <Button onClick={onClose}>Make none</Button>
        </Buttons>
      </Form>
    </Dialog>
  );
}

/** A key, the only time that it is seen. */
export function Made({
  of: { id, principal, secret },
  onClose,
}: {
  readonly of: MadeKey;
  readonly onClose: () => void;
}) {
  return (
    <Dialog title={`A key for ${principal}`} onClose={onClose} wide>
      <p>It is shown this once: only its digest is kept, here and at the gateway.</p>
      <p className={s.secret}>
        <Mono>{secret}</Mono> <Copy text={secret} />
      </p>
      <Muted>
        It is known as <Mono>{id}</Mono>, and works at once.
      </Muted>
      <Buttons>
        <Button look="main" onClick={onClose}>
          I have it
        </Button>
      </Buttons>
    </Dialog>
  );
}
