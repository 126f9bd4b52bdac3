import {
  maxCaptureMegabytes,
  orderVerb,
  usualCaptureMegabytes,
  type ActionRow,
  type ClientRow,
  type OrderTerms,
  type OrderVerb,
} from "@outweigh/schema";
import { useState } from "react";
import { plural } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import { Choices, Dialog } from "../../ui/dialog.tsx";
import { Amount, Field, Select } from "../../ui/field.tsx";
import { Section } from "../../ui/parts.tsx";
import { Problem, Waiting } from "../../ui/states.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { Done, Effects, Give, usePreview } from "../actions/preview.tsx";
import s from "./clients.module.css";
import { verbText } from "./words.ts";

const hourMs = 3_600_000;
const spans = [
  { id: "1", label: "1 hour" },
  { id: "24", label: "1 day" },
  { id: "168", label: "7 days" },
  { id: "720", label: "30 days" },
] as const;

/** The number that a verb is as strong as. */
const strengths: Partial<
  Record<
    OrderVerb,
    {
      readonly field: "requestsPerMinute" | "decimals" | "top" | "bits" | "megabytes";
      readonly name: string;
      readonly usual: number;
      readonly least: number;
      readonly most: number;
    }
  >
> = {
  throttle: { field: "requestsPerMinute", name: "Requests a minute", usual: 6, least: 1, most: 100_000 },
  round: { field: "decimals", name: "Decimals", usual: 2, least: 0, most: 6 },
  "top-k": { field: "top", name: "How many are left", usual: 3, least: 1, most: 1000 },
  challenge: {
    field: "bits",
    name: "Bits of the proof: 18 take a script half a second",
    usual: 18,
    least: 8,
    most: 28,
  },
  capture: {
    field: "megabytes",
    name: "Megabytes at most",
    usual: usualCaptureMegabytes,
    least: 1,
    most: maxCaptureMegabytes,
  },
};

interface OrderProps {
  readonly client: Pick<ClientRow, "id" | "principal">;
  /** The accounts that are linked with it: the same can be ordered of all. */
  readonly group?: readonly string[] | undefined;
  /** Whether all of them are meant at first. */
  readonly all?: boolean;
  /** What it answers. */
  readonly incident?: string;
  readonly models: readonly { readonly name: string }[];
  /** What was chosen already, by the dial. */
  readonly verb?: OrderVerb | undefined;
  readonly onClose: () => void;
}

/** Choose, see what would happen, say why, do it, see that it worked. */
export function OrderClient({ client, group = [], all = false, incident, models, verb: given, onClose }: OrderProps) {
  const [verb, setVerb] = useState<OrderVerb | undefined>(given);
  const [lasts, setLasts] = useState<(typeof spans)[number]["id"]>("24");
  const [strength, setStrength] = useState<number>();
  const [model, setModel] = useState("");
  const [together, setTogether] = useState(all && group.length > 0);
  const [tell, setTell] = useState("this key is under review");
  const [done, setDone] = useState<ActionRow>();
  const known = verb && strengths[verb];
  const terms: OrderTerms = {
    forMs: Number(lasts) * hourMs,
    tell: tell.trim() === "" ? "this key is under review" : tell.trim(),
    ...(model !== "" && { model }),
    ...(together && { also: [...group] }),
    ...(known && { [known.field]: strength ?? known.usual }),
  };
  if (done) return <Done title="Order" of={done} onUndone={setDone} onClose={onClose} />;
  return (
    <Dialog title={titleOf(client.principal, given, together ? group.length : 0)} onClose={onClose} wide>
      {group.length > 0 && (
        <label className={s.together}>
          <input type="checkbox" checked={together} onChange={() => setTogether(!together)} />{" "}
          {`The same for the ${plural(group.length, "account")} linked with it: one decision, undone as one`}
        </label>
      )}
      {given && <Muted>{verbText[given].does}</Muted>}
      {!given && (
        <Choices
          legend="What it shall get"
          value={verb}
          onChange={(it) => {
            setVerb(it);
            setStrength(undefined);
          }}
          options={orderVerb.options.map((it) => ({
            id: it,
            label: verbText[it].name,
            about: <Muted>{verbText[it].does}</Muted>,
          }))}
        />
      )}
      {verb && (
        <div className={s.terms}>
          <Select label="For how long" value={lasts} onChange={setLasts} options={spans} />
          {known && (
            <Amount
              label={known.name}
              value={strength ?? known.usual}
              onChange={setStrength}
              least={known.least}
              most={known.most}
            />
          )}
          {models.length > 0 && (
            <Select
              label="Which model"
              value={model}
              onChange={setModel}
              options={[{ id: "", label: "all" }, ...models.map((it) => ({ id: it.name, label: it.name }))]}
            />
          )}
          <Field label="What the client is told" value={tell} onChange={setTell} optional wide most={500} />
        </div>
      )}
      {verb && (
        <Preview
          order={{ verb, target: client.id, terms, ...(incident !== undefined && { incident }) }}
          onDone={setDone}
          onClose={onClose}
          key={JSON.stringify([verb, terms])}
        />
      )}
    </Dialog>
  );
}

function titleOf(principal: string, verb: OrderVerb | undefined, others: number): string {
  const whom = others === 0 ? principal : `${principal} and ${plural(others, "account")} linked with it`;
  return verb ? `${verbText[verb].name}: ${whom}` : `Order about ${whom}`;
}

interface PreviewProps {
  readonly order: {
    readonly verb: OrderVerb;
    readonly target: string;
    readonly incident?: string;
    readonly terms: OrderTerms;
  };
  readonly onDone: (it: ActionRow) => void;
  readonly onClose: () => void;
}

function Preview({ order, onDone, onClose }: PreviewProps) {
  const preview = usePreview(order);
  if (preview.isError) return <Problem error={preview.error} />;
  const it = preview.data;
  if (!it) return <Waiting lines={3} />;
  if (it.refused)
    return (
      <p>
        It cannot be done: <Shown>{it.refused}</Shown>
      </p>
    );
  return (
    <>
      <Section title="What would happen">
        <Effects of={it} />
        {it.approval === "two-people" && <Muted>Somebody else has to agree: this proposes it.</Muted>}
      </Section>
      <Give
        order={order}
        preview={it}
        label="Reason, for the evidence; the client does not read it"
        does={verbText[order.verb].name}
        doing="Waiting for the gateway"
        onDone={onDone}
      >
        <Button onClick={onClose}>Order nothing</Button>
      </Give>
    </>
  );
}
