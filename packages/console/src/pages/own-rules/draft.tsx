import { maxBacktestText, maxExceptionDays, usualExceptionDays, type OwnRule } from "@outweigh/schema";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useRouter } from "@tanstack/react-router";
import { useId, useState } from "react";
import { decideOwn, draftOf, type DraftFrom, type DraftText } from "../../api/own-rules.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Form, Reason } from "../../ui/dialog.tsx";
import { Amount, Field } from "../../ui/field.tsx";
import { useUrl } from "../../ui/list-state.ts";
import { Bullets, Page, Section, Title } from "../../ui/parts.tsx";
import { useShortcuts } from "../../ui/shortcuts.ts";
import { Failed, Problem, Waiting } from "../../ui/states.tsx";
import s from "./own-rules.module.css";

/** Writing a draft: begun from an alert, a rule, a hunt, or one that was written before. The address says from which. */
export function OwnDraftPage() {
  const { search } = useUrl();
  const router = useRouter();
  const navigate = useNavigate();
  const from: DraftFrom = { by: search.by ?? "", of: search.sel ?? search.filter ?? "" };
  const { data, error, errorUpdatedAt, refetch } = useQuery(draftOf(from));
  useShortcuts({
    back: () => (router.history.canGoBack() ? router.history.back() : void navigate({ to: "/own-rules" })),
  });
  if (error)
    return <Failed what="A draft cannot be begun" error={error} since={errorUpdatedAt} again={() => void refetch()} />;
  if (!data) return <Waiting lines={12} />;
  return (
    <Page
      title="A draft"
      crumb={
        <>
          <Link to="/own-rules">Exceptions and own rules</Link> / draft
        </>
      }
      head={<Title>{data.kind === "exception" ? "An exception, as a Sigma filter" : "A rule"}</Title>}
      side={<About kind={data.kind} left={data.left} />}
    >
      <Writing of={data} key={data.text} />
    </Page>
  );
}

function About({ kind, left }: Pick<DraftText, "kind" | "left">) {
  return (
    <>
      <Section title="What comes next">
        <Bullets
          items={
            kind === "exception"
              ? [
                  "It is kept as a draft, and does nothing.",
                  "A check runs its rule's proofs with it, and says which alerts of 30 days it would have hidden.",
                  "On trial it counts what it would hide.",
                  "Published it hides that, until its time is over or somebody takes it back.",
                ]
              : [
                  "It is kept as a draft, and does nothing.",
                  "A check runs its proof.",
                  "On trial it counts what it would find.",
                  "Published it raises alerts, on all events or on those of one space.",
                ]
          }
        />
      </Section>
      {left.length > 0 && (
        <Section title="Not in it">
          <Bullets items={left.map((it) => `${it.term}: ${it.why}`)} />
        </Section>
      )}
    </>
  );
}

function Writing({ of: draft }: { readonly of: DraftText }) {
  const navigate = useNavigate();
  const [text, setText] = useState(draft.text);
  const [proof, setProof] = useState(draft.proof ?? "");
  const [space, setSpace] = useState(draft.space ?? "");
  const [days, setDays] = useState(draft.days ?? usualExceptionDays);
  const [reason, setReason] = useState("");
  const isException = draft.kind === "exception";
  const keep = useMutation({
    mutationFn: () =>
      decideOwn.keep({
        text,
        reason,
        ...(isException
          ? { days }
          : { ...(proof.trim() !== "" && { proof }), ...(space.trim() !== "" && { space: space.trim() }) }),
      }),
    onSuccess: ({ name }: OwnRule) => void navigate({ to: "/own-rules", search: { sel: name } }),
  });
  return (
    <Form onSubmit={() => reason.trim() !== "" && keep.mutate()}>
      <TextOf
        label={isException ? "The exception" : "The rule"}
        rows={isException ? 14 : 22}
        value={text}
        onChange={setText}
      />
      {!isException && (
        <TextOf
          label="Its proof: at least one case that must raise an alert, and one that must not"
          rows={14}
          value={proof}
          onChange={setProof}
        />
      )}
      {isException ? (
        <Amount
          label="Days that it holds once published"
          value={days}
          onChange={setDays}
          least={1}
          most={maxExceptionDays}
        />
      ) : (
        <Field
          label="Space: only events about its models (empty: all events)"
          value={space}
          onChange={setSpace}
          optional
        />
      )}
      <Reason label="Reason, for the evidence" value={reason} onChange={setReason} />
      {keep.error && <Problem error={keep.error} />}
      <Buttons>
        <Button look="main" submits disabled={reason.trim() === "" || text.trim() === "" || keep.isPending}>
          Keep as a draft
        </Button>
      </Buttons>
    </Form>
  );
}

interface TextProps {
  readonly label: string;
  readonly rows: number;
  readonly value: string;
  readonly onChange: (text: string) => void;
}

function TextOf({ label, rows, value, onChange }: TextProps) {
  const id = useId();
  return (
    <div className={s.text}>
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        rows={rows}
        maxLength={maxBacktestText}
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
}
