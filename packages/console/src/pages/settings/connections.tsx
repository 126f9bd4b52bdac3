import type { ConnectionRow } from "@outweigh/schema";
import { useMutation, useQuery } from "@tanstack/react-query";
import { connectionsQuery, decide } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Section } from "../../ui/parts.tsx";
import { Problem } from "../../ui/states.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { Ago } from "../../ui/when.tsx";
import s from "./settings.module.css";

/** What actions reach outside by, and whether its other side answers. */
export function Connections() {
  const { data, error } = useQuery(connectionsQuery);
  return (
    <Section title="Connections">
      {error && <Problem error={error} />}
      {data?.items.length === 0 && (
        <p>
          No action reaches outside. Name a bucket, a repository, Slack, a mail server or a ticket system under{" "}
          <code>connections</code> in <code>outweigh.yml</code>; secrets stay in the environment. The server reads it at
          its next start.
        </p>
      )}
      {data?.items.map((it) => (
        <One of={it} key={it.name} />
      ))}
    </Section>
  );
}

const kinds: Readonly<Record<string, string>> = {
  bucket: "Bucket",
  huggingface: "Hugging Face",
  github: "GitHub",
  webhook: "Webhook",
  slack: "Slack",
  mail: "Mail",
  jira: "Jira",
  "github-issues": "GitHub issues",
  ticket: "Tickets",
};

function One({ of: it }: { readonly of: ConnectionRow }) {
  const test = useMutation({ mutationFn: () => decide.testConnection(it.name) });
  return (
    <div className={s.connection}>
      <div className={s.row}>
        <strong>
          <Shown>{it.name}</Shown>
        </strong>
        <span>
          {kinds[it.kind] ?? it.kind} at <Shown>{it.host}</Shown>
        </span>
        <Muted>{it.verbs.join(", ")}</Muted>
        <span className={s.act}>
          <Button
            look="quiet"
            label={`Test the connection ${it.name}`}
            onClick={() => test.mutate()}
            disabled={test.isPending}
          >
            {test.isPending ? "Looking…" : "Test"}
          </Button>
        </span>
      </div>
      {it.touches.length > 0 && (
        <Muted>
          <Shown>{`May touch ${it.touches.join(", ")}`}</Shown>
        </Muted>
      )}
      {it.unset.length > 0 && <p>The environment of the server has no {it.unset.join(", ")}: it cannot be used.</p>}
      {it.told && (
        <Muted>
          {it.told.problem === undefined ? "Told by the policy " : "Could not be told "}
          <Ago at={it.told.at} inWords />
          <Shown>{`: ${it.told.problem ?? it.told.text}`}</Shown>
        </Muted>
      )}
      <div role="status">
        {test.data && (
          <p>
            {!test.data.ok ? "Failed: " : test.data.unsure ? "Could not tell: " : "✓ "}
            <Shown>{test.data.text}</Shown>
          </p>
        )}
      </div>
      {test.error && <Problem error={test.error} />}
    </div>
  );
}
