import { order as orderShape, type ChangingVerb, type HostOrder } from "@outweigh/schema";
import { Muted } from "../../ui/text.tsx";
import s from "./hosts.module.css";

/** What a person types of an order that changes a host. */
export type Typed = Readonly<Record<string, string>>;

interface Field {
  readonly name: string;
  readonly label: string;
  readonly about: string;
}

const fields: Readonly<Record<ChangingVerb, readonly Field[]>> = {
  "quarantine-file": [
    { name: "path", label: "Path", about: "of a file with weights, as a scan tells it" },
    { name: "sha256", label: "SHA-256 of the file", about: "64 digits: another file is not moved" },
  ],
  "stop-process": [
    { name: "process", label: "Process", about: "key, in the facts of processes" },
    {
      name: "program",
      label: "SHA-256 of its program",
      about: "program, in the facts of processes: another one is not stopped",
    },
    { name: "how", label: "How", about: "hold, which can be undone, or end" },
  ],
  "block-egress": [
    { name: "whose", label: "Whose connections", about: "host, uid:1000, or cgroup:/path" },
    { name: "minutes", label: "Minutes", about: "then the kernel lets them through again" },
  ],
};

/** The order that was typed; undefined while it is none. */
export function typedOrder(verb: ChangingVerb, typed: Typed): HostOrder["order"] | undefined {
  const { whose = "", minutes = "", path = "", sha256 = "", process = "", program = "", how = "" } = typed;
  const value =
    verb === "quarantine-file"
      ? { verb, path, sha256: sha256.trim() }
      : verb === "stop-process"
        ? { verb, process: process.trim(), program: program.trim(), how: how.trim() }
        : { verb, whose: whoseOf(whose.trim()), minutes: Number(minutes) };
  return orderShape.safeParse(value).data;
}

function whoseOf(text: string): object {
  if (text.startsWith("uid:")) return { of: "uid", uid: Number(text.slice("uid:".length)) };
  return text.startsWith("cgroup:") ? { of: "cgroup", path: text.slice("cgroup:".length) } : { of: text };
}

interface ChangeFieldsProps {
  readonly verb: ChangingVerb;
  readonly typed: Typed;
  readonly onChange: (typed: Typed) => void;
}

export function ChangeFields({ verb, typed, onChange }: ChangeFieldsProps) {
  return (
    <fieldset className={s.lists}>
      <legend>Exactly which</legend>
      {fields[verb].map(({ name, label, about }) => (
        <label className={s.field} key={name}>
          <span>
            {label} <Muted>{about}</Muted>
          </span>
          <input value={typed[name] ?? ""} onChange={(it) => onChange({ ...typed, [name]: it.target.value })} />
        </label>
      ))}
    </fieldset>
  );
}
