import { factLists, type ChangingVerb, type FactList, type HostOrder, type HostRow } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { decide } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Choices, Dialog, Form, Reason } from "../../ui/dialog.tsx";
import { Problem } from "../../ui/states.tsx";
import { Muted } from "../../ui/text.tsx";
import { Done } from "../actions/preview.tsx";
import { ChangeFields, typedOrder, type Typed } from "./change-form.tsx";
import s from "./hosts.module.css";
import { factNames } from "./words.ts";

/** The first things one wants to know of a host that an incident names. */
const usual: readonly FactList[] = ["processes", "connections", "weights"];

const changes: Readonly<Record<ChangingVerb, { readonly label: string; readonly about: string }>> = {
  "quarantine-file": {
    label: "Quarantine a file",
    about: "Moves it beside where it lies, readable by the agent alone.",
  },
  "stop-process": { label: "Stop a process", about: "Holds it, or ends it, if it is still the one that is meant." },
  "block-egress": { label: "Block connections", about: "That processes of the host open, until it expires." },
};

type Verb = "collect" | "scan" | ChangingVerb;

/** Asks a host for a scan, for facts, or for a change that whoever started its agent allows: nothing else can be asked. */
export function Ask({ host, onClose }: { readonly host: HostRow; readonly onClose: () => void }) {
  const [verb, setVerb] = useState<Verb>("collect");
  const [lists, setLists] = useState<ReadonlySet<FactList>>(new Set(usual));
  const [typed, setTyped] = useState<Typed>({});
  const [reason, setReason] = useState("");
  const order = orderOf(verb, lists, typed);
  const ask = useMutation({
    mutationFn: async () => order && decide.ask(host.id, order, reason),
    // A change that somebody else must agree to has not happened: say so.
    onSuccess: (answer) => answer?.action?.state !== "pending" && onClose(),
  });
  const proposed = ask.data?.action;
  if (proposed?.state === "pending") return <Done title={`Ask ${host.name}`} of={proposed} onClose={onClose} />;
  const ready = reason.trim() !== "" && order !== undefined;
  const toggle = (it: FactList) =>
    setLists(lists.has(it) ? new Set([...lists].filter((x) => x !== it)) : new Set([...lists, it]));
  return (
    <Dialog title={`Ask ${host.name}`} onClose={onClose} wide>
      <Form onSubmit={() => ready && ask.mutate()}>
        <Choices legend="What to ask" value={verb} onChange={setVerb} options={optionsFor(host)} />
        {(host.may?.length ?? 0) === 0 && (
          <Muted>It changes nothing on its host: its agent was started without --may.</Muted>
        )}
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
        {verb !== "collect" && verb !== "scan" && <ChangeFields verb={verb} typed={typed} onChange={setTyped} />}
        <Reason label="Reason, for the evidence" value={reason} onChange={setReason} focus />
        {host.state !== "reporting" && (
          <p>It does not report now: the order waits, an hour or for a change ten minutes, then expires.</p>
        )}
        {ask.error && <Problem error={ask.error} />}
        <Buttons>
          <Button look="main" submits disabled={!ready || ask.isPending}>
            {buttonOf(verb)}
          </Button>
          <Button onClick={onClose}>Ask nothing</Button>
        </Buttons>
      </Form>
    </Dialog>
  );
}

function optionsFor({ may = [] }: HostRow) {
  return [
    { id: "collect" as Verb, label: "Facts", about: <Muted>Read from the system; nothing is started.</Muted> },
    {
      id: "scan" as Verb,
      label: "A scan",
      about: <Muted>Finds copies by content, in what its agent was started on.</Muted>,
    },
    ...may.map((it) => ({ id: it as Verb, label: changes[it].label, about: <Muted>{changes[it].about}</Muted> })),
  ];
}

function orderOf(verb: Verb, lists: ReadonlySet<FactList>, typed: Typed): HostOrder["order"] | undefined {
  if (verb === "scan") return { verb, roots: [] };
  if (verb !== "collect") return typedOrder(verb, typed);
  return lists.size > 0 ? { verb, lists: factLists.filter((it) => lists.has(it)) } : undefined;
}

function buttonOf(verb: Verb): string {
  if (verb === "scan") return "Scan this host";
  return verb === "collect" ? "Collect these facts" : changes[verb].label;
}
