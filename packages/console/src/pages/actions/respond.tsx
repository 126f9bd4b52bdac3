import { includesRole, type ActionOption, type ActionRow } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { sessionQuery } from "../../api/queries.ts";
import { span } from "../../format/time.ts";
import { Button } from "../../ui/button.tsx";
import { Choices, Dialog } from "../../ui/dialog.tsx";
import { Section } from "../../ui/parts.tsx";
import { Problem, Waiting } from "../../ui/states.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { approvalText, isOrder } from "./outcome.tsx";
import { Done, Effects, Give, usePreview } from "./preview.tsx";

interface RespondProps {
  readonly incident: string;
  readonly options: readonly ActionOption[];
  readonly onClose: () => void;
}

/** Choose, see what would happen, say why, do it, see that it worked. */
export function Respond({ incident, options, onClose }: RespondProps) {
  const [key, setKey] = useState<string>();
  const [done, setDone] = useState<ActionRow>();
  const chosen = options.find((it) => keyOf(it) === key);
  if (done) return <Done title="Respond" of={done} onUndone={setDone} onClose={onClose} />;
  return (
    <Dialog title="Respond" onClose={onClose} wide>
      {options.length === 0 ? (
        <NothingToDo />
      ) : (
        <Choices
          legend="What to do"
          value={key}
          onChange={setKey}
          options={options.map((it) => ({ id: keyOf(it), label: <Shown>{it.label}</Shown> }))}
        />
      )}
      {chosen && <Order incident={incident} option={chosen} onDone={setDone} onClose={onClose} key={key} />}
    </Dialog>
  );
}

function keyOf({ verb, target, terms }: ActionOption): string {
  return JSON.stringify([verb, target, terms]);
}

function NothingToDo() {
  return (
    <p>
      Nothing that can be done from here fits this incident. A file that a scan found can be quarantined; on a host
      whose agent saw it, a process held and connections blocked; a client of the gateway can be ordered about; with a
      connection in <code>outweigh.yml</code>, a bucket or repository can be made private, a ticket opened, somebody
      told. The playbook says what to do by hand.
    </p>
  );
}

interface OrderProps {
  /** The incident that it answers, if it answers one. */
  readonly incident?: string;
  readonly option: ActionOption;
  readonly onDone: (it: ActionRow) => void;
  readonly onClose: () => void;
}

/** One action: what would happen, why, and doing it. */
export function Order({ incident, option: { verb, target, label, terms }, onDone, onClose }: OrderProps) {
  const { data: session } = useQuery(sessionQuery);
  const order = { ...(incident !== undefined && { incident }), verb, target, ...(terms && { terms }) };
  const preview = usePreview(order);
  if (preview.isError) return <Problem error={preview.error} />;
  const it = preview.data;
  const leads = session?.user.grants.some((grant) => includesRole(grant.role, "lead")) ?? false;
  const alone = it?.approval === "person" && leads;
  if (!it) return <Waiting lines={3} />;
  return (
    <>
      <Section title="What would happen">
        <Effects of={it} />
        <Muted>
          {it.undoable ? "It can be undone." : "It cannot be undone."}
          {it.lasts !== undefined && ` It ends by itself after ${span(it.lasts)}.`}
          {!alone && ` It is done once somebody else agrees: ${approvalText[it.approval].toLowerCase()}.`}
        </Muted>
        {isOrder(verb) && (
          <p>
            <Link to="/clients/$id" params={{ id: target }}>
              Its page
            </Link>{" "}
            <Muted>shows what it learnt, and orders for another time, as strongly as you say.</Muted>
          </p>
        )}
      </Section>
      {it.refused ? (
        <p>
          It cannot be done: <Shown>{it.refused}</Shown>
        </p>
      ) : (
        <Give
          order={order}
          preview={it}
          label="Reason, for the evidence"
          focus
          does={
            <>
              {!alone && "Propose: "}
              <Shown>{label}</Shown>
            </>
          }
          onDone={onDone}
        >
          <Button onClick={onClose}>Do nothing</Button>
        </Give>
      )}
    </>
  );
}
