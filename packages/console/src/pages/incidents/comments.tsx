import type { IncidentDetail } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { decide } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Section } from "../../ui/parts.tsx";
import { useShortcuts } from "../../ui/shortcuts.ts";
import { Problem } from "../../ui/states.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import s from "./incidents.module.css";

interface CommentsProps {
  readonly incident: string;
  readonly comments: IncidentDetail["comments"];
}

/** What people say to each other about it. Kept in the evidence as well. */
export function Comments({ incident, comments }: CommentsProps) {
  const [text, setText] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  useShortcuts({ comment: () => field.current?.focus() });
  const say = useMutation({ mutationFn: () => decide.comment(incident, text.trim()), onSuccess: () => setText("") });
  const send = () => {
    if (text.trim() !== "" && !say.isPending) say.mutate();
  };
  return (
    <Section title="Comments">
      <div>
        {comments.map((it, i) => (
          <div className={s.comment} key={i}>
            <Muted>
              <Shown>{it.by}</Shown> · <At at={it.at} />
            </Muted>
            <div>
              <Shown lines>{it.text}</Shown>
            </div>
          </div>
        ))}
      </div>
      <form
        className={s.commentForm}
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <textarea
          ref={field}
          rows={2}
          value={text}
          maxLength={10_000}
          aria-label="Comment"
          placeholder="What you found, for the next one who reads this"
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
            if (event.key === "Escape") {
              event.preventDefault();
              event.currentTarget.blur();
            }
          }}
        />
        {say.error && <Problem error={say.error} />}
        <Button submits shortcut="comment" disabled={text.trim() === "" || say.isPending}>
          Comment
        </Button>
      </form>
    </Section>
  );
}
