import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { addresses } from "../../api/address.ts";
import { ApiError } from "../../api/client.ts";
import { decide, queryClient, signInWaysQuery } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Form } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { Problem } from "../../ui/states.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import s from "./sign-in.module.css";

/** The way in: by name where people have accounts, by the operator's link everywhere. */
export function SignIn() {
  const { data: ways, error } = useQuery(signInWaysQuery);
  if (error) return <Problem error={error} />;
  if (!ways) return null;
  const byLink = !ways.password && ways.provider === undefined;
  return (
    <main className={s.door}>
      <h1>{byLink ? "This browser is not signed in" : "Sign in to Outweigh"}</h1>
      {ways.provider !== undefined && (
        <p>
          <a className={s.provider} href={addresses.provider}>
            Continue with <Shown>{ways.provider}</Shown>
          </a>
        </p>
      )}
      {ways.password && <ByName />}
      {byLink ? (
        <>
          <p>
            Open the one-time link that <code>npx outweigh up</code> printed. Each link signs one browser in, once.
          </p>
          <p>
            Used already, or older than ten minutes? <code>npx outweigh open</code> prints another one.
          </p>
        </>
      ) : (
        <Muted>
          No account yet? An admin invites you. With the shell of the server&apos;s machine:{" "}
          <code>npx outweigh account add NAME --role admin</code>, or a link for an hour with{" "}
          <code>npx outweigh open</code>.
        </Muted>
      )}
    </main>
  );
}

function ByName() {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const signIn = useMutation({
    mutationFn: () => decide.signIn({ name, password, ...(code.trim() !== "" && { code: code.trim() }) }),
    onSuccess: () => queryClient.resetQueries(),
  });
  const { error } = signIn;
  const wantsCode = error instanceof ApiError && error.code === "CODE_NEEDED";
  return (
    <Form onSubmit={() => !signIn.isPending && signIn.mutate()}>
      <Field label="Name" value={name} onChange={setName} fill="username" focus most={64} />
      <Field
        label="Password"
        value={password}
        onChange={setPassword}
        type="password"
        fill="current-password"
        most={256}
      />
      <Field
        label="Code of your authenticator, or a recovery code"
        value={code}
        onChange={setCode}
        fill="one-time-code"
        most={32}
      />
      {error && !wantsCode && <Problem error={error} />}
      <Buttons>
        <Button look="main" submits disabled={signIn.isPending}>
          Sign in
        </Button>
      </Buttons>
    </Form>
  );
}
