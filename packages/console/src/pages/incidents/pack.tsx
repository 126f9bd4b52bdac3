import type { IncidentRow } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { addresses } from "../../api/address.ts";
import { keep } from "../../api/client.ts";
import { Button } from "../../ui/button.tsx";
import { Problem } from "../../ui/states.tsx";
import { Middle, Muted } from "../../ui/text.tsx";
import { Redact } from "./redact.tsx";
import s from "./incidents.module.css";

const formats = [
  { as: "html", title: "A report to read", ending: "html" },
  { as: "ocsf", title: "OCSF", ending: "ocsf.ndjson" },
  { as: "stix", title: "STIX", ending: "stix.json" },
  { as: "csv", title: "CSV", ending: "csv" },
] as const;

/** The incident's part of the evidence, as a file; and what other systems read of it. */
export function Pack({ of: it }: { readonly of: IncidentRow }) {
  const [isRedacting, setRedacting] = useState(false);
  const pack = useMutation({ mutationFn: () => keep(addresses.pack(it.id), `incident-${it.number}.pack`) });
  const other = useMutation({
    mutationFn: ({ as, ending }: (typeof formats)[number]) =>
      keep(addresses.exported(it.id, as), `incident-${it.number}.${ending}`),
  });
  return (
    <>
      <p className={s.formats}>
        <Button onClick={() => pack.mutate()} disabled={pack.isPending}>
          Take this incident's evidence as a pack
        </Button>
        <Button onClick={() => setRedacting(true)}>Leave something out</Button>
      </p>
      <p style={{ paddingBottom: 8 }}>
        <Muted>outweigh verify checks a pack on any machine. A whole one calls the incident </Muted>
        <Middle copy>{it.id}</Middle>
      </p>
      {isRedacting && <Redact of={it} onClose={() => setRedacting(false)} />}
      <p className={s.formats}>
        <Muted>For people and other systems, unsigned:</Muted>
        {formats.map((format) => (
          <Button onClick={() => other.mutate(format)} disabled={other.isPending} key={format.as}>
            {format.title}
          </Button>
        ))}
      </p>
      {pack.error && <Problem error={pack.error} />}
      {other.error && <Problem error={other.error} />}
    </>
  );
}
