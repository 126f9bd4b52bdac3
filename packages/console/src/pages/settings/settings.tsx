import { grantsText, includesRole, type Session } from "@outweigh/schema";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { decide, sessionQuery, tokensQuery } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons } from "../../ui/dialog.tsx";
import { usePageTitle } from "../../ui/page-title.ts";
import { Facts, Section } from "../../ui/parts.tsx";
import { SampleOffer } from "../../ui/sample-offer.tsx";
import { Problem } from "../../ui/states.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { Ago, At } from "../../ui/when.tsx";
import { Accounts } from "./accounts.tsx";
import { Connections } from "./connections.tsx";
import s from "./settings.module.css";

/** Oneself, who else may sign in, what actions reach outside by, and what programs hold. */
export function Settings() {
  usePageTitle("Settings");
  const { data } = useQuery(sessionQuery);
  if (!data) return null;
  const isAdmin = data.user.grants.some((it) => it.space === undefined && includesRole(it.role, "admin"));
  return (
    <article className={s.page} tabIndex={0} data-arrows>
      <h1>Settings</h1>
      <You of={data.user} />
      {isAdmin && <Accounts me={data.user.name} />}
      {isAdmin && <Connections />}
      {isAdmin && <Tokens />}
      <Section title="Who did what">
        <p>
          Every sign-in, failure, decision, export and action is an entry of the <Link to="/evidence">evidence</Link>:
          filter it by person, kind or time. For example{" "}
          <Link to="/evidence" search={{ filter: "kind:signed-in,sign-in-failed" }}>
            who signed in
          </Link>
          ,{" "}
          <Link to="/evidence" search={{ filter: "kind:incident-exported,pack-made" }}>
            what was taken out
          </Link>{" "}
          or{" "}
          <Link to="/evidence" search={{ filter: "kind:account*" }}>
            what changed about accounts
          </Link>
          .
        </p>
      </Section>
      <Section title="Sample">
        <SampleOffer />
      </Section>
    </article>
  );
}

const ways: Readonly<Record<Session["user"]["by"], string>> = {
  link: "A one-time link of the operator's shell",
  password: "Password and authenticator",
  provider: "The identity provider",
  token: "A token",
};

function You({ of: it }: { readonly of: Session["user"] }) {
  const out = useMutation({ mutationFn: decide.signOutEverywhere, onSuccess: () => location.reload() });
  return (
    <Section title="You">
      <Facts
        rows={[
          ["Name", <Shown key="name">{it.name}</Shown>],
          ["Role", grantsText(it.grants)],
          ["Signed in by", ways[it.by]],
        ]}
      />
      {out.error && <Problem error={out.error} />}
      <Buttons>
        <Button onClick={() => out.mutate()} disabled={out.isPending}>
          Sign out everywhere
        </Button>
      </Buttons>
    </Section>
  );
}

function Tokens() {
  const { data, error } = useQuery(tokensQuery);
  return (
    <Section title="Tokens">
      {error && <Problem error={error} />}
      {data?.items.length === 0 && (
        <p>
          No program has one. <code>npx outweigh token create --source NAME</code> makes one that sends records;{" "}
          <code>npx outweigh token create --role viewer --name NAME</code> one that asks.
        </p>
      )}
      {data?.items.map((it) => (
        <div className={s.row} key={it.name}>
          <strong>
            <Shown>{it.name}</Shown>
          </strong>
          <span>
            {it.source === undefined ? `asks as ${grantsText(it.grant ? [it.grant] : [])}` : "sends records of "}
            {it.source !== undefined && <Shown>{it.source}</Shown>}
          </span>
          <Muted>
            {it.lastUsedAt === undefined ? (
              "never used"
            ) : (
              <>
                last used <Ago at={it.lastUsedAt} inWords />
              </>
            )}
            {it.expiresAt !== undefined && (
              <>
                {" · ends "}
                <At at={it.expiresAt} />
              </>
            )}
          </Muted>
          <Revoke name={it.name} />
        </div>
      ))}
    </Section>
  );
}

function Revoke({ name }: { readonly name: string }) {
  const [sure, setSure] = useState(false);
  const revoke = useMutation({ mutationFn: () => decide.revokeToken(name) });
  return (
    <span className={s.act}>
      {revoke.error && <Problem error={revoke.error} />}
      {sure ? (
        <>
          <Button look="main" onClick={() => revoke.mutate()} disabled={revoke.isPending}>
            Revoke {name}
          </Button>
          <Button onClick={() => setSure(false)}>Leave it</Button>
        </>
      ) : (
        <Button look="quiet" label={`Revoke ${name}`} onClick={() => setSure(true)}>
          Revoke
        </Button>
      )}
    </span>
  );
}
