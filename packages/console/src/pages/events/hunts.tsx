import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { decide, draftQuery, huntsQuery } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Dialog, Form } from "../../ui/dialog.tsx";
import { useUrl } from "../../ui/list-state.ts";
import { Menu } from "../../ui/menu.tsx";
import { Block, Bullets } from "../../ui/parts.tsx";
import { Problem, Waiting } from "../../ui/states.tsx";
import { Copy, Muted, Shown } from "../../ui/text.tsx";
import dialog from "../../ui/dialog.module.css";
import button from "../../ui/button.module.css";
import s from "./summary.module.css";

/** What can be done with a filter beyond looking: keep it, come back to it, make a rule of it. */
export function Hunts({ filter }: { readonly filter: string }) {
  const [open, setOpen] = useState<"keep" | "rule">();
  const { data } = useQuery(huntsQuery);
  const { go } = useUrl();
  const kept = data?.items ?? [];
  return (
    <div className={s.hunts}>
      {kept.length === 0 ? (
        <Muted>No hunt is kept yet. Filter, then keep it here for everybody.</Muted>
      ) : (
        <Menu
          className={button.button}
          groups={[
            {
              label: "Kept hunts",
              items: kept.map((it) => ({
                label: <Shown>{it.name}</Shown>,
                about: it.by,
                onClick: () => go({ filter: it.filter, sel: undefined }),
              })),
            },
          ]}
        >
          Hunts
        </Menu>
      )}
      {filter !== "" && (
        <>
          <Button onClick={() => setOpen("keep")}>Keep this hunt</Button>
          <Button onClick={() => setOpen("rule")}>Make a rule</Button>
        </>
      )}
      {open === "keep" && <Keep filter={filter} onClose={() => setOpen(undefined)} />}
      {open === "rule" && <Draft filter={filter} onClose={() => setOpen(undefined)} />}
    </div>
  );
}

interface DialogOf {
  readonly filter: string;
  readonly onClose: () => void;
}

function Keep({ filter, onClose }: DialogOf) {
  const { data } = useQuery(huntsQuery);
  const same = data?.items.find((it) => it.filter === filter);
  const [name, setName] = useState(same?.name ?? "");
  const keep = useMutation({ mutationFn: () => decide.keepHunt(name, filter), onSuccess: onClose });
  const remove = useMutation({ mutationFn: () => decide.removeHunt(same?.name ?? ""), onSuccess: onClose });
  const replaced = data?.items.find((it) => it.name === name.trim() && it.filter !== filter);
  const error = keep.error ?? remove.error;
  return (
    <Dialog title="Keep this hunt" onClose={onClose}>
      <Form onSubmit={() => name.trim() !== "" && keep.mutate()}>
        <Block label="The filter">{filter}</Block>
        <div className={dialog.field}>
          <label htmlFor="hunt-name">Name</label>
          <input
            id="hunt-name"
            data-focus
            maxLength={80}
            required
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        {replaced && (
          <p>
            It replaces the hunt of that name: <Shown>{replaced.filter}</Shown>
          </p>
        )}
        {error && <Problem error={error} />}
        <Buttons>
          <Button look="main" submits disabled={name.trim() === "" || keep.isPending}>
            Keep it for everybody
          </Button>
          {same && <Button onClick={() => remove.mutate()}>Remove it</Button>}
          <Button onClick={onClose}>Leave it</Button>
        </Buttons>
      </Form>
    </Dialog>
  );
}

/** A rule to begin with: it is text to take along, not a rule that is in force. */
function Draft({ filter, onClose }: DialogOf) {
  const { data, error } = useQuery(draftQuery(filter));
  return (
    <Dialog title="A rule to begin with" onClose={onClose} wide>
      {error && <Problem error={error} />}
      {!data && !error && <Waiting lines={8} />}
      {data && (
        <>
          <div className={s.draft}>
            <Block label="Sigma rule">{data.text}</Block>
            <Copy text={data.text} />
          </div>
          {data.left.length > 0 && (
            <>
              <p>These parts of the filter are not in it:</p>
              <Bullets items={data.left.map((it) => `${it.term}: ${it.why}`)} />
            </>
          )}
          <p>
            <Link to="/own-rules/draft" search={{ by: "hunt", filter }}>
              Write it here as a draft
            </Link>{" "}
            with a proof of these events; or save it as <code>draft_from_a_hunt.yml</code> in your rules folder.
          </p>
        </>
      )}
      <Buttons>
        <Button onClick={onClose}>Close</Button>
      </Buttons>
    </Dialog>
  );
}
