import type { TokenRow } from "@outweigh/schema";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { decide, tokensQuery } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Section } from "../../ui/parts.tsx";
import { Problem } from "../../ui/states.tsx";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import { Ago } from "../../ui/when.tsx";
import { useMayConnect } from "./connect.tsx";
import s from "./tokens.module.css";

/** The tokens that this source's records may be sent with. Their secrets are nowhere to be shown. */
export function Tokens({ source }: { readonly source: string }) {
  const may = useMayConnect();
  const { data, error } = useQuery({ ...tokensQuery, enabled: may });
  const own = data?.items.filter((it) => it.source === source);
  if (!may) return null;
  return (
    <Section title="Tokens">
      {error && <Problem error={error} />}
      {own?.length === 0 && (
        <p>
          No program may send its records. <code>npx outweigh token create --source {source}</code> makes a token for
          one.
        </p>
      )}
      {own?.map((it) => (
        <Token of={it} key={it.name} />
      ))}
    </Section>
  );
}

function Token({ of: it }: { readonly of: TokenRow }) {
  const [sure, setSure] = useState(false);
  const revoke = useMutation({ mutationFn: () => decide.revokeToken(it.name) });
  return (
    <div className={s.token}>
      <span>
        <Mono>{it.name}</Mono>{" "}
        <Muted>
          {it.lastUsedAt === undefined ? (
            "never used"
          ) : (
            <>
              used <Ago at={it.lastUsedAt} inWords />
            </>
          )}
          {" · made by "}
          <Shown>{it.createdBy}</Shown>
        </Muted>
      </span>
      {sure ? (
        <span className={s.sure}>
          <Button look="main" onClick={() => revoke.mutate()} disabled={revoke.isPending}>
            Revoke {it.name}
          </Button>
          <Button onClick={() => setSure(false)}>Leave it</Button>
        </span>
      ) : (
        <Button look="quiet" label={`Revoke ${it.name}`} onClick={() => setSure(true)}>
          Revoke
        </Button>
      )}
      {revoke.error && <Problem error={revoke.error} />}
    </div>
  );
}
