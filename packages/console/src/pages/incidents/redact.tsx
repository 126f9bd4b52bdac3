import { redactKind, timeIn, type IncidentRow, type PackPreview, type RedactKind } from "@outweigh/schema";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { addresses } from "../../api/address.ts";
import { keep } from "../../api/client.ts";
import { packPreviewQuery } from "../../api/queries.ts";
import { count, plural } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Dialog } from "../../ui/dialog.tsx";
import { Bullets, Section } from "../../ui/parts.tsx";
import { Problem, Waiting } from "../../ui/states.tsx";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import s from "./incidents.module.css";

/** What each kind is, for the one who chooses. */
const kindText: Readonly<Record<RedactKind, { readonly name: string; readonly is: string }>> = {
  principal: { name: "Principals", is: "who read, and their keys" },
  person: { name: "People here", is: "who decided what" },
  address: { name: "Addresses", is: "of clients, destinations and hosts" },
  path: { name: "Paths", is: "files, places and artifacts" },
  text: { name: "Texts", is: "titles, summaries, reasons, comments" },
  record: { name: "Records", is: "as they arrived; they go with any other" },
};

/** A pack for somebody who shall not see everything: what goes, what he would see, and the pack. */
export function Redact({ of: it, onClose }: { readonly of: IncidentRow; readonly onClose: () => void }) {
  const [chosen, setChosen] = useState<readonly RedactKind[]>(["principal"]);
  const toggle = (kind: RedactKind) =>
    setChosen(chosen.includes(kind) ? chosen.filter((one) => one !== kind) : [...chosen, kind]);
  const { data, error } = useQuery(packPreviewQuery(it.id, chosen));
  const take = useMutation({
    mutationFn: () => keep(addresses.pack(it.id, chosen), `incident-${it.number}-redacted.pack`),
    onSuccess: onClose,
  });
  return (
    <Dialog title="A pack for somebody who shall not see everything" onClose={onClose} wide>
      <fieldset className={s.kinds}>
        <legend>Leave out</legend>
        {redactKind.options.map((kind) => (
          <label key={kind}>
            <input
              type="checkbox"
              checked={chosen.includes(kind) || (kind === "record" && chosen.length > 0)}
              disabled={kind === "record" && chosen.some((one) => one !== "record")}
              onChange={() => toggle(kind)}
            />{" "}
            {kindText[kind].name} <Muted>{kindText[kind].is}</Muted>
          </label>
        ))}
      </fieldset>
      {error && <Problem error={error} />}
      {!error && (data ? <Preview of={data} /> : <Waiting lines={6} />)}
      {take.error && <Problem error={take.error} />}
      <Buttons>
        <Button look="main" disabled={!data || take.isPending} onClick={() => take.mutate()}>
          Take this pack
        </Button>
        <Button onClick={onClose}>Take none</Button>
      </Buttons>
    </Dialog>
  );
}

/** A member of a document as JSON writes it; a time as a time. */
function Value({ of: json, named }: { readonly of: string; readonly named: string }) {
  const at = timeIn(named, json);
  return at === undefined ? <Shown>{json}</Shown> : <At at={at} />;
}

function Preview({ of: it }: { readonly of: PackPreview }) {
  return (
    <>
      <Section title="What the receiver sees">
        <p>
          {plural(it.shown, "member")} of {plural(it.total, "document")}, {plural(it.entries, "entry", "entries")} of
          the log; {count(it.redacted)} left out
          {it.leftOut > 0 && `, ${plural(it.leftOut, "entry", "entries")} left out whole`}. Both verifiers accept it.
        </p>
        <div className={s.receiver} tabIndex={0} role="region" aria-label="What the receiver sees" data-arrows>
          {it.documents.map((one) => (
            <div key={`${one.kind} ${one.id}`}>
              <h3>
                {one.kind} <Mono>{one.id}</Mono>
              </h3>
              {one.shown.map(({ name, value }) => (
                <div key={name}>
                  <Muted>
                    <Shown>{name}</Shown>
                  </Muted>{" "}
                  <Value of={value} named={name} />
                </div>
              ))}
              {one.redacted.length > 0 && (
                <div>
                  <Muted>left out:</Muted> <Shown>{one.redacted.join(", ")}</Shown>
                </div>
              )}
            </div>
          ))}
          {it.total > it.documents.length && <Muted>and {count(it.total - it.documents.length)} more</Muted>}
        </div>
      </Section>
      {it.limits.length > 0 && (
        <Section title="What to know before it leaves">
          <Bullets items={it.limits} />
        </Section>
      )}
    </>
  );
}
