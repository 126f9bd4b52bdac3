import { factLists, type FactList, type HostRow } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { decide } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Choices, Dialog, Form, Reason } from "../../ui/dialog.tsx";
import { Problem } from "../../ui/states.tsx";
import { Muted } from "../../ui/text.tsx";
import s from "./hosts.module.css";
import { factNames } from "./words.ts";

/** The first things one wants to know of a host that an incident names. */
const usual: readonly FactList[] = ["processes", "connections", "weights"];

/** Asks a host for a scan or for facts: nothing else can be asked. */
export function Ask({ host, onClose }: { readonly host: HostRow; readonly onClose: () => void }) {
  const [verb, setVerb] = useState<"collect" | "scan">("collect");
  const [lists, setLists] = useState<ReadonlySet<FactList>>(new Set(usual));
  const [reason, setReason] = useState("");
  const order =
    verb === "scan" ? { verb, roots: [] as string[] } : { verb, lists: factLists.filter((it) => lists.has(it)) };
  const ask = useMutation({ mutationFn: () => decide.ask(host.id, order, reason), onSuccess: onClose });
  const ready = reason.trim() !== "" && (verb === "scan" || lists.size > 0);
  const toggle = (it: FactList) =>
    setLists(lists.has(it) ? new Set([...lists].filter((x) => x !== it)) : new Set([...lists, it]));
  return (
    <Dialog title={`Ask ${host.name}`} onClose={onClose} wide>
      <Form onSubmit={() => ready && ask.mutate()}>
        <Choices
          legend="What to ask"
          value={verb}
          onChange={setVerb}
          options={[
            { id: "collect", label: "Facts", about: <Muted>Read from the system; nothing is started.</Muted> },
            {
              id: "scan",
              label: "A scan",
              about: <Muted>Finds copies by content, in what its agent was started on.</Muted>,
            },
          ]}
        />
        {verb === "collect" && (
          <fieldset className={s.lists}>
            <legend>Which facts</legend>
            {factLists.map((it) => (
              <label key={it}>
                <input type="checkbox" checked={lists.has(it)} onChange={() => toggle(it)} />
                {factNames[it]}
              </label>
            ))}
          </fieldset>
        )}
        <Reason label="Reason, for the evidence" value={reason} onChange={setReason} focus />
        {host.state !== "reporting" && <p>It does not report now: the order waits an hour, then expires.</p>}
        {ask.error && <Problem error={ask.error} />}
        <Buttons>
          <Button look="main" submits disabled={!ready || ask.isPending}>
            {verb === "scan" ? "Scan this host" : "Collect these facts"}
          </Button>
          <Button onClick={onClose}>Ask nothing</Button>
        </Buttons>
      </Form>
    </Dialog>
  );
}
