import { printFilter, type ActionRow, type OwnRule } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { decideOwn } from "../../api/own-rules.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Dialog, Form, Reason } from "../../ui/dialog.tsx";
import { Actions, Block, Dotted, Facts, PaneActions, Section, Title } from "../../ui/parts.tsx";
import { Problem, Waiting } from "../../ui/states.tsx";
import { Mono, Shown, Value } from "../../ui/text.tsx";
import { Ago, At } from "../../ui/when.tsx";
import { Outcome } from "../actions/outcome.tsx";
import { Order } from "../actions/respond.tsx";
import { Backtest } from "../rules/backtest.tsx";
import { Check } from "./check.tsx";
import { useEverywhere } from "./may.ts";
import { countText, stageText, stageWord } from "./words.ts";

/** One of them: how far it has come, what it would do, and the next step. */
export function OwnRulePane({ of: it }: { readonly of: OwnRule }) {
  const mayDecide = useEverywhere("analyst");
  const filter = it.count.event && printFilter([{ field: "id", op: "=", values: [it.count.event], excluded: false }]);
  return (
    <>
      <Title meta={<Dotted>{[<Mono key="name">{it.name}</Mono>, it.kind, stageWord[it.stage].toLowerCase()]}</Dotted>}>
        {it.title}
      </Title>
      <PaneActions>{mayDecide && <Steps of={it} key={it.digest + it.stage} />}</PaneActions>
      <Section title={stageWord[it.stage]}>
        <p>{stageText(it)}</p>
        {(it.stage === "trial" || it.stage === "published") && (
          <p>
            Since <At at={it.stageAt} /> it {countText(it)}
            {it.count.lastAt !== undefined && (
              <>
                , the last <Ago at={it.count.lastAt} inWords />
              </>
            )}
            .{" "}
            {filter !== undefined && (
              <Link to="/events" search={{ filter }}>
                The last event
              </Link>
            )}
          </p>
        )}
      </Section>
      <Check of={it} />
      {(it.stage === "draft" || it.stage === "trial") && <OverEvents of={it} key={it.digest} />}
      <Section title={it.kind === "exception" ? "The exception" : "The rule"}>
        <Block label="Text">{it.text}</Block>
      </Section>
      {it.proof !== undefined && (
        <Section title="Its proof">
          <Block label="Proof">{it.proof}</Block>
        </Section>
      )}
      <Section title="Particulars">
        <Facts
          rows={[
            ["For", it.rules.length > 0 && <Value field="rule">{it.rules.join(", ")}</Value>],
            ["Space", it.space && <Shown key="space">{it.space}</Shown>],
            ["Written by", <Shown key="by">{it.by}</Shown>],
            ["When", <At at={it.at} key="at" />],
            ["Reason", <Shown key="reason">{it.reason}</Shown>],
            [
              "Holds for",
              it.days !== undefined && it.stage !== "published" ? `${it.days} days once published` : undefined,
            ],
            ["Ends by itself", it.stage === "published" && it.endsAt ? <At at={it.endsAt} key="ends" /> : undefined],
          ]}
        />
      </Section>
    </>
  );
}

/** On all events, not on those of alerts alone. A detector is code: it cannot be tried on stored events. */
function OverEvents({ of: { kind, rules, text, check } }: { readonly of: OwnRule }) {
  const [rule] = rules;
  if (kind === "rule") return <Backtest text={text} />;
  return rule !== undefined && check?.unproven.includes(rule) === false ? <Backtest rule={rule} text={text} /> : null;
}

type Asked = "trial" | "ended" | "publish";

/** The steps that can be taken from where it stands. */
function Steps({ of: it }: { readonly of: OwnRule }) {
  const [asked, setAsked] = useState<Asked>();
  const check = useMutation({ mutationFn: () => decideOwn.check(it.name) });
  const isLive = it.stage === "draft" || it.stage === "trial";
  const isGood = it.check !== undefined && it.check.problems.length === 0;
  return (
    <>
      <Actions>
        {it.stage === "draft" && (
          <Button look={isGood ? "main" : "quiet"} disabled={!isGood} onClick={() => setAsked("trial")}>
            Put on trial
          </Button>
        )}
        {it.stage === "trial" && (
          <Button look="main" disabled={!isGood} onClick={() => setAsked("publish")}>
            Publish
          </Button>
        )}
        {isLive && (
          <Button look={isGood ? "quiet" : "main"} disabled={check.isPending} onClick={() => check.mutate()}>
            {it.check ? "Check again" : "Check"}
          </Button>
        )}
        {it.stage === "published" && it.action !== undefined && (
          <Link to="/actions" search={{ sel: it.action, filter: `id:${it.action}` }}>
            Take it back: undo its action
          </Link>
        )}
        {(it.stage === "draft" || it.stage === "ended") && (
          <Link to="/own-rules/draft" search={{ by: "own", sel: it.name }}>
            {it.stage === "draft" ? "Edit" : "Write it anew"}
          </Link>
        )}
        {isLive && (
          <Button onClick={() => setAsked("ended")}>{it.stage === "draft" ? "Discard" : "End the trial"}</Button>
        )}
      </Actions>
      {check.isPending && <Waiting lines={2} />}
      {check.error && <Problem error={check.error} />}
      {(asked === "trial" || asked === "ended") && <Move of={it} to={asked} onClose={() => setAsked(undefined)} />}
      {asked === "publish" && <Publish of={it} onClose={() => setAsked(undefined)} />}
    </>
  );
}

interface StepOf {
  readonly of: OwnRule;
  readonly onClose: () => void;
}

function Move({ of: it, to, onClose }: StepOf & { readonly to: "trial" | "ended" }) {
  const [reason, setReason] = useState("");
  const move = useMutation({ mutationFn: () => decideOwn.move(it, to, reason), onSuccess: onClose });
  const word = to === "trial" ? "Put it on trial" : it.stage === "draft" ? "Discard it" : "End its trial";
  return (
    <Dialog title={word} onClose={onClose}>
      <Form onSubmit={() => reason.trim() !== "" && move.mutate()}>
        <p>{stageText({ kind: it.kind, stage: to })}</p>
        <Reason label="Reason, for the evidence" value={reason} onChange={setReason} focus />
        {move.error && <Problem error={move.error} />}
        <Buttons>
          <Button look="main" submits disabled={reason.trim() === "" || move.isPending}>
            {word}
          </Button>
          <Button onClick={onClose}>Leave it</Button>
        </Buttons>
      </Form>
    </Dialog>
  );
}

/** Publishing is an action: previewed, agreed to, undone from the page of actions. */
function Publish({ of: it, onClose }: StepOf) {
  const [done, setDone] = useState<ActionRow>();
  const option = { verb: "publish-rule" as const, target: it.name, label: `Publish the ${it.kind}` };
  // Read again once it is read here: the pane behind is another one then.
  const close = (): void => {
    if (done) void decideOwn.published();
    onClose();
  };
  return (
    <Dialog title={`Publish the ${it.kind}`} onClose={close} wide>
      {done ? <Outcome of={done} onUndone={setDone} /> : <Order option={option} onDone={setDone} onClose={onClose} />}
      {done && (
        <Buttons>
          <Button look="main" onClick={close}>
            Done
          </Button>
        </Buttons>
      )}
    </Dialog>
  );
}
