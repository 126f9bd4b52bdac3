import type { ModelRow } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { modelQuery } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { PaneActions, Dotted, Prose, Section, Title } from "../../ui/parts.tsx";
import { Problem, Waiting } from "../../ui/states.tsx";
import { Middle, Muted } from "../../ui/text.tsx";
import { size } from "../../format/size.ts";
import { Coverage } from "./coverage.tsx";
import { orderedCopies, placeWord } from "./copies.ts";
import { balanceSentence } from "./words.ts";
import s from "./models.module.css";

/** Copies in the pane: undeclared ones first; all of them stand on the page. */
const maxCopies = 6;

export function ModelPane({ row: it }: { readonly row: ModelRow }) {
  const { data, error } = useQuery(modelQuery(it.name));
  const navigate = useNavigate();
  const copies = data ? orderedCopies(data.copies) : [];
  return (
    <>
      <Muted>{it.class ?? "not registered"}</Muted>
      <Title meta={<Dotted>{[it.owner, it.bytes !== undefined && size(it.bytes), it.formats.join(", ")]}</Dotted>}>
        {it.name}
      </Title>
      <PaneActions>
        <Button shortcut="open" onClick={() => void navigate({ to: "/models/$name", params: { name: it.name } })}>
          Open
        </Button>
      </PaneActions>
      <Section title="Books">
        <Prose>{balanceSentence(it)}</Prose>
        <Coverage of={it} holdings={data?.holdings ?? []} />
      </Section>
      {error && <Problem error={error} />}
      {!data && !error && <Waiting lines={5} />}
      {copies.length > 0 && (
        <Section title="Copies" aside={<Muted>{copies.length}</Muted>}>
          {copies.slice(0, maxCopies).map((copy) => (
            <div className={s.place} key={copy.id}>
              <Middle>{copy.path}</Middle>
              <div>
                <Muted>
                  {copy.host} · {placeWord(copy)} · {copy.format} · {size(copy.bytes)}
                </Muted>
              </div>
            </div>
          ))}
        </Section>
      )}
    </>
  );
}
