import { shortcuts } from "../../keys.ts";
import { Keys } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import s from "./guide.module.css";

/** Every shortcut there is, from the one table, and the grammar of the filter. */
export function Guide({ onClose }: { readonly onClose: () => void }) {
  const groups = [...new Set(shortcuts.map((it) => it.group))];
  return (
    <Dialog title="Keys" onClose={onClose} wide>
      <div className={s.groups}>
        {groups.map((group) => (
          <section className={s.group} key={group}>
            <h2>{group}</h2>
            {shortcuts
              .filter((it) => it.group === group)
              .map((it) => (
                <div className={s.line} key={it.id}>
                  {it.does} <Keys of={it.id} />
                </div>
              ))}
          </section>
        ))}
        <section className={s.group}>
          <h2>Filter</h2>
          {grammar.map(([text, means]) => (
            <div className={s.line} key={text}>
              <code>{text}</code> {means}
            </div>
          ))}
        </section>
      </div>
    </Dialog>
  );
}

const grammar = [
  ["status:open", "has this value"],
  ["model:a,b", "one of these"],
  ["-principal:ci", "not this one"],
  ["severity:>=high", "at least"],
  ["last:>=24h", "within 24 hours"],
  ["artifact:s3://b/*", "begins with"],
  ["word", "anywhere in the text"],
] as const;
