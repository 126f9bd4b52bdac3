import type { ClientDetail } from "@outweigh/schema";
import { useState } from "react";
import { count, plural, share } from "../../format/size.ts";
import { Bar } from "../../ui/bar.tsx";
import { Button } from "../../ui/button.tsx";
import { Section } from "../../ui/parts.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import s from "./clients.module.css";
import { bits, positions, positionText, type Position } from "./words.ts";

interface DialProps {
  readonly of: ClientDetail;
  /** Asks for the order that turns the dial there. */
  readonly onTurn: (position: Exclude<Position, "full">) => void;
}

/** What an answer gives away, from all to nothing: where it stands, what each position costs, and what is not measured. */
export function Dial({ of: { client, models }, onTurn }: DialProps) {
  const bounded = models.filter((it) => it.steps.length > 0);
  const [name, setName] = useState<string>();
  const asked = bounded.find((it) => it.name === (name ?? client.reading?.model));
  const model = asked ?? bounded[0];
  const bitsAt = (it: Position) => (it === "suspended" ? 0 : model?.steps.find(({ dial }) => dial === it)?.bits);
  const full = bitsAt("full");
  const at = positions.indexOf(client.dial);
  return (
    <Section
      title="Answer dial"
      aside={
        bounded.length > 1 && (
          <label className={s.model}>
            for{" "}
            <select value={model?.name} onChange={(event) => setName(event.target.value)}>
              {bounded.map((it) => (
                <option key={it.name}>{it.name}</option>
              ))}
            </select>
          </label>
        )
      }
    >
      <ol className={s.dial}>
        {positions.map((it, i) => {
          const cost = bitsAt(it);
          return (
            <li key={it} className={i === at ? s.here : ""} {...(i === at && { "aria-current": "true" })}>
              <span className={s.position}>{positionText[it].name}</span>
              <span className={s.gets}>{positionText[it].gets}</span>
              <span className={s.cost}>
                {cost === undefined ? "not bounded" : cost === 0 ? "nothing" : bits(cost)}
                {cost !== undefined && full !== undefined && full > 0 && (
                  <Bar
                    fraction={cost / full}
                    bound="<="
                    accounted={i !== at}
                    label={`at most ${share(cost / full)} of a full answer`}
                  />
                )}
              </span>
              <span className={s.turn}>
                {i === at ? (
                  <Muted>now</Muted>
                ) : it === "full" || i < at ? (
                  <Muted>{i < at ? "undo the order" : ""}</Muted>
                ) : (
                  <Button look="quiet" label={`Turn here: ${positionText[it].name}`} onClick={() => onTurn(it)}>
                    Turn here
                  </Button>
                )}
              </span>
            </li>
          );
        })}
      </ol>
      <Ground of={client} model={model} />
    </Section>
  );
}

/** Which of the numbers are counted, which are bounds, and what nobody measured. */
function Ground({
  of: client,
  model,
}: {
  readonly of: ClientDetail["client"];
  readonly model: { name: string; classes?: number | undefined } | undefined;
}) {
  const { requests, informationBits } = client;
  return (
    <>
      <p>
        <Muted>
          {model ? (
            <>
              Bits are the most that one answer of <Shown>{model.name}</Shown>
              {model.classes === undefined ? "" : `, ${count(model.classes)} classes,`} can tell at that position: the
              bound by which budgets are charged, not a measurement.
            </>
          ) : (
            "No position is bounded: no model of the gateway says how many classes it has. Of a language model the bound is 24 bits for each log-probability shown, and none for its text."
          )}
        </Muted>
      </p>
      <p>
        <Muted>
          Counted by the gateway&apos;s meter: {informationBits > 0 ? bits(informationBits) : "nothing beyond text"} in{" "}
          {plural(requests, "answer")}
          {informationBits > 0 && requests > 0 && `, ${bits(informationBits / requests)} each`}. Repeats are charged
          nothing. Not measured here: how good a clone gets at each position; progress says it for what was given so
          far.
        </Muted>
      </p>
    </>
  );
}
