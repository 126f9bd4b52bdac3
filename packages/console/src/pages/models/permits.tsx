import type { ActionRow, ModelDetail, PermitRow } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Order } from "../../api/address.ts";
import { span } from "../../format/time.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Dialog, Form } from "../../ui/dialog.tsx";
import { Field, Select } from "../../ui/field.tsx";
import { Section } from "../../ui/parts.tsx";
import { Problem, Waiting } from "../../ui/states.tsx";
import { Muted, Shown, Value } from "../../ui/text.tsx";
import { At, useNow } from "../../ui/when.tsx";
import { Done, Effects, Give, usePreview } from "../actions/preview.tsx";

const hourMs = 3_600_000;
const spans = [
  { id: "1", label: "1 hour" },
  { id: "2", label: "2 hours" },
  { id: "8", label: "8 hours" },
  { id: "24", label: "1 day" },
] as const;

/** Who may take the model out, or might: two people agreed to each. */
export function Permits({ of: { model, permits } }: { readonly of: ModelDetail }) {
  const [isAsking, setAsking] = useState(false);
  if (!model.registered) return null;
  return (
    <Section title="Permits to take it out">
      {permits.length === 0 && <Muted>None was given: nobody but declared readers may read it.</Muted>}
      {permits.map((it) => (
        <One of={it} key={it.id} />
      ))}
      <Buttons>
        <Button onClick={() => setAsking(true)}>Ask for a permit</Button>
      </Buttons>
      {isAsking && <Ask model={model.name} onClose={() => setAsking(false)} />}
    </Section>
  );
}

function One({ of: it }: { readonly of: PermitRow }) {
  const now = useNow();
  const holds = now < it.until;
  return (
    <div>
      <p>
        <Value field="principal">{it.principal}</Value> {holds ? "may read it" : "might read it"}, from{" "}
        <At at={it.from} /> until <At at={it.until} />
        {it.address !== undefined && (
          <>
            , from <Shown>{it.address}</Shown> alone
          </>
        )}
        {holds && `: ${span(it.until - now)} left`}
        {it.endedBy !== undefined && (
          <>
            ; ended before its time by <Shown>{it.endedBy}</Shown>
          </>
        )}
      </p>
      <Muted>
        Asked for by <Shown>{it.by}</Shown>, agreed to by <Shown>{it.agreedBy}</Shown>: <Shown>{it.reason}</Shown>.{" "}
        <Link to="/actions" search={{ sel: it.id }}>
          The decision
        </Link>
        {holds && ", where it can be undone"}
      </Muted>
    </div>
  );
}

/** Who, how long, why; what it would mean; and it waits for somebody else. */
function Ask({ model, onClose }: { readonly model: string; readonly onClose: () => void }) {
  const [principal, setPrincipal] = useState("");
  const [address, setAddress] = useState("");
  const [lasts, setLasts] = useState<(typeof spans)[number]["id"]>("2");
  const [isSettled, setSettled] = useState(false);
  const [done, setDone] = useState<ActionRow>();
  const terms = {
    forMs: Number(lasts) * hourMs,
    permit: { principal: principal.trim(), ...(address.trim() !== "" && { address: address.trim() }) },
  };
  if (done) return <Done title="Permit" of={done} onUndone={setDone} onClose={onClose} />;
  return (
    <Dialog title={`A permit to take ${model} out`} onClose={onClose} wide>
      <p>
        <Muted>
          For when there is no other way. It gives no access: it says beforehand, with two names, what would be an
          alarm.
        </Muted>
      </p>
      {isSettled ? (
        <Preview
          order={{ verb: "permit", target: model, terms }}
          onDone={setDone}
          onBack={() => setSettled(false)}
          onClose={onClose}
        />
      ) : (
        <Form onSubmit={() => principal.trim() !== "" && setSettled(true)}>
          <Field
            label="Who may read it, as the source names them"
            value={principal}
            onChange={setPrincipal}
            wide
            most={512}
          />
          <Field
            label="From which address alone; empty: from any"
            value={address}
            onChange={setAddress}
            optional
            most={64}
          />
          <Select label="For how long" value={lasts} onChange={setLasts} options={spans} />
          <Buttons>
            <Button look="main" submits disabled={principal.trim() === ""}>
              See what it would mean
            </Button>
            <Button onClick={onClose}>Ask for nothing</Button>
          </Buttons>
        </Form>
      )}
    </Dialog>
  );
}

interface PreviewProps {
  readonly order: Order;
  readonly onDone: (it: ActionRow) => void;
  readonly onBack: () => void;
  readonly onClose: () => void;
}

function Preview({ order, onDone, onBack, onClose }: PreviewProps) {
  const preview = usePreview(order);
  const it = preview.data;
  if (!it && !preview.isError) return <Waiting lines={3} />;
  if (!it || it.refused !== undefined)
    return (
      <>
        {preview.error ? (
          <Problem error={preview.error} />
        ) : (
          <p>
            It cannot be given: <Shown>{it?.refused ?? ""}</Shown>
          </p>
        )}
        <Buttons>
          <Button onClick={onBack}>Change it</Button>
        </Buttons>
      </>
    );
  return (
    <>
      <Section title="What it would mean">
        <Effects of={it} />
        <Muted>Somebody else has to agree, whoever you are: this proposes it.</Muted>
      </Section>
      <Give
        order={order}
        preview={it}
        label="Reason, for the evidence and for whoever closes the incident"
        focus
        does="Propose the permit"
        onDone={onDone}
      >
        <Button onClick={onBack}>Change it</Button>
        <Button onClick={onClose}>Ask for nothing</Button>
      </Give>
    </>
  );
}
