import { isOpen, type IncidentRow } from "@outweigh/schema";
import { span } from "../../format/time.ts";
import { Dotted } from "../../ui/parts.tsx";
import { Shown } from "../../ui/text.tsx";
import { useNow } from "../../ui/when.tsx";
import { InDoubt } from "../evidence/doubt.tsx";
import { statusWord, verdictWord } from "./words.ts";

/** "INC-214 · new · open for 38 min · nobody assigned" */
export function IncidentMeta({ of: it }: { readonly of: IncidentRow }) {
  const now = useNow();
  return (
    <Dotted>
      {[
        `INC-${it.number}`,
        it.doubt !== undefined && <InDoubt of={it.doubt} key="doubt" />,
        statusWord[it.status].toLowerCase(),
        isOpen(it.status) && `open for ${span(now - it.createdAt)}`,
        it.verdict && verdictWord[it.verdict].word.toLowerCase(),
        it.assignee ? (
          <>
            assigned to <Shown>{it.assignee}</Shown>
          </>
        ) : (
          "nobody assigned"
        ),
        it.watched && <Shown key="watched">{`${it.watched.join(", ")} watched after a theft`}</Shown>,
        it.raisedBy && <Shown key="raised">{`made worse because watched: ${it.raisedBy.join(", ")}`}</Shown>,
      ]}
    </Dotted>
  );
}
