import { includesRole, type NewToken } from "@outweigh/schema";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { decide, sessionQuery } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Dialog, Form } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { Problem } from "../../ui/states.tsx";
import { Copy, Mono, Muted } from "../../ui/text.tsx";
import s from "./tokens.module.css";

/** Whether one may make tokens, and see which there are. */
export function useMayConnect(): boolean {
  const { data } = useQuery(sessionQuery);
  return data?.user.grants.some((it) => it.space === undefined && includesRole(it.role, "admin")) ?? false;
}

/** Opens a way in for records that a program sends: for whoever may make tokens. Others see nothing of it. */
export function Connect({ className }: { readonly className?: string | undefined }) {
  const [open, setOpen] = useState(false);
  if (!useMayConnect()) return null;
  return (
    <span className={className}>
      <Button onClick={() => setOpen(true)}>Connect a source</Button>
      {open && <ConnectDialog onClose={() => setOpen(false)} />}
    </span>
  );
}

function ConnectDialog({ onClose }: { readonly onClose: () => void }) {
  const [name, setName] = useState("");
  const make = useMutation({ mutationFn: () => decide.makeToken(name.trim()) });
  if (make.data) return <Made of={make.data} source={name.trim()} onClose={onClose} />;
  return (
    <Dialog title="Connect a source" onClose={onClose} wide>
      <Form onSubmit={() => name.trim() !== "" && make.mutate()}>
        <p>
          Makes a token with which a program sends the records of one source. What kind of records they are is told by
          content.
        </p>
        <Field
          label="Source, as events will name it: lower-case letters, digits, .-_"
          value={name}
          onChange={setName}
          focus
          most={64}
        />
        {make.error && <Problem error={make.error} />}
        <Buttons>
          <Button look="main" submits disabled={name.trim() === "" || make.isPending}>
            Make the token
          </Button>
          <Button onClick={onClose}>Make none</Button>
        </Buttons>
      </Form>
    </Dialog>
  );
}

/** A token, the only time that it is seen, and a line that sends with it. */
function Made({
  of: { secret },
  source,
  onClose,
}: {
  readonly of: NewToken;
  readonly source: string;
  readonly onClose: () => void;
}) {
  const line = `curl --data-binary @FILE -H "Authorization: Bearer $TOKEN" ${location.origin}/api/ingest/${source}`;
  return (
    <Dialog title={`A token for ${source}`} onClose={onClose} wide>
      <p>It is shown this once: only its digest is kept.</p>
      <p className={s.shown}>
        <span data-secret={secret}>
          <Mono>{secret}</Mono>
        </span>{" "}
        <Copy text={secret} />
      </p>
      <Muted>With it in TOKEN, this sends a file, one record a line.</Muted>
      <p className={s.shown}>
        <Mono>{line}</Mono> <Copy text={line} />
      </p>
      <Buttons>
        <Button look="main" onClick={onClose}>
          I have it
        </Button>
      </Buttons>
    </Dialog>
  );
}
