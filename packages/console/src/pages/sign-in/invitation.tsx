import { grantsText, minPassword, type Accepted, type Grant } from "@outweigh/schema";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { decide, invitedQuery } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Form } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { Failed, Problem } from "../../ui/states.tsx";
import { Qr } from "../../ui/qr.tsx";
import { Copy, Muted, Shown } from "../../ui/text.tsx";
import s from "./sign-in.module.css";

/** What an invitation's link leads to: a password, an authenticator, and then the console. */
export function Invitation() {
  // The link's secret stands behind `#`, which browsers send to nobody.
  const [token] = useState(() => location.hash.slice(1));
  const [done, setDone] = useState<Accepted>();
  const { data, error } = useQuery({ ...invitedQuery(token), enabled: done === undefined });
  if (done) return <Recovery of={done} />;
  if (error) {
    return (
      <main className={s.door}>
        <Failed what="This invitation cannot be used" error={error} />
      </main>
    );
  }
  if (!data) return null;
  return (
    <main className={s.door}>
      <h1>
        Welcome, <Shown>{data.name}</Shown>
      </h1>
      <p>You will be {rolesOf(data.grants)}. Set a password, and add Outweigh to an authenticator app.</p>
      <Accept token={token} secret={data.secret} uri={data.uri} onDone={setDone} />
    </main>
  );
}

function rolesOf(grants: readonly Grant[]): string {
  return grantsText(grants);
}

interface AcceptProps {
  readonly token: string;
  readonly secret: string;
  readonly uri: string;
  readonly onDone: (it: Accepted) => void;
}

function Accept({ token, secret, uri, onDone }: AcceptProps) {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const accept = useMutation({
    mutationFn: () => decide.accept({ token, password, code: code.trim() }),
    onSuccess: onDone,
  });
  return (
    <Form onSubmit={() => !accept.isPending && accept.mutate()}>
      <Field
        label={`Password, at least ${minPassword} characters`}
        value={password}
        onChange={setPassword}
        type="password"
        fill="new-password"
        least={minPassword}
        most={256}
        focus
      />
      <div>
        <p>
          Let the app read this code, add an account by hand with the key below it, or{" "}
          <a href={uri}>open the app here</a>.
        </p>
        <Qr text={uri} label="The key below, for the camera of an authenticator app" />
        <p className={s.secret} data-secret={secret}>
          {secret.match(/.{1,4}/g)?.join(" ")} <Copy text={secret} />
        </p>
      </div>
      <Field label="The code that the app shows now" value={code} onChange={setCode} fill="one-time-code" most={6} />
      {accept.error && <Problem error={accept.error} />}
      <Buttons>
        <Button look="main" submits disabled={accept.isPending}>
          Set password and sign in
        </Button>
      </Buttons>
    </Form>
  );
}

function Recovery({ of: { recoveryCodes } }: { readonly of: Accepted }) {
  return (
    <main className={s.door}>
      <h1>Keep these codes</h1>
      <p>Each signs you in once when the authenticator is not at hand. They are shown this once.</p>
      <ul className={s.codes} aria-label="Recovery codes">
        {recoveryCodes.map((it) => (
          <li key={it}>{it}</li>
        ))}
      </ul>
      <Buttons>
        <Button look="main" onClick={() => location.replace("/")}>
          I have kept them
        </Button>
        <Copy text={recoveryCodes.join("\n")} />
      </Buttons>
      <Muted>Lost all of them? An admin resets the account: a new invitation, a new authenticator.</Muted>
    </main>
  );
}
