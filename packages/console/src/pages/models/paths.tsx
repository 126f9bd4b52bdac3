import type { TheftPath } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { Copy, Mono, Muted, Shown } from "../../ui/text.tsx";
import s from "./models.module.css";

/** How long taking it takes, by a simple model that puts paths in order: `10 min`, `6 h`, `3 d`. */
export function stealText(minutes: number): string {
  if (minutes < 60) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`;
}

interface PathListProps {
  readonly of: readonly (TheftPath & { readonly host?: string | undefined })[];
  /** Where paths of several models stand together. */
  readonly withModel?: boolean;
}

/** Theft paths step by step: what an attacker has, what each step leads to, how sure that is, and the fix. */
export function PathList({ of, withModel = false }: PathListProps) {
  return of.map((path, i) => (
    <div className={s.path} key={i}>
      {(withModel || path.minutes !== undefined) && <Head of={path} withModel={withModel} />}
      {path.steps.map((it, at) => (
        <div className={s.step} key={at}>
          <Muted>{at + 1}</Muted>
          <span>
            <Mono>{it.from}</Mono> → <Mono>{it.to}</Mono>: <Shown>{it.how}</Shown>
            {it.proof && (
              <Muted>
                {" "}
                · <Shown>{it.proof}</Shown>
              </Muted>
            )}
          </span>
          <Muted>{it.basis}</Muted>
        </div>
      ))}
      {path.fix && (
        <div className={s.step}>
          <Muted>fix</Muted>
          <Mono>{path.fix}</Mono>
          <Copy text={path.fix} />
        </div>
      )}
    </div>
  ));
}

/** Models that nobody registered have no page under the id that a scan gives them. */
const unnamed = /^[0-9a-f]{12,64}$/;

function Head({
  of: { model, host, kind, minutes },
  withModel,
}: {
  readonly of: PathListProps["of"][number];
  readonly withModel: boolean;
}) {
  return (
    <p>
      {withModel &&
        (unnamed.test(model) ? (
          <Mono>{model}</Mono>
        ) : (
          <Link to="/models/$name" params={{ name: model }}>
            <Shown>{model}</Shown>
          </Link>
        ))}
      {withModel && host !== undefined && (
        <>
          {" on "}
          <Shown>{host}</Shown>
        </>
      )}
      <Muted>
        {withModel && " · "}
        {minutes === undefined ? "" : `${stealText(minutes)} to steal`}
        {kind === undefined ? "" : ` · ${kind}`}
      </Muted>
    </p>
  );
}
