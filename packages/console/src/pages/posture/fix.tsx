import { Copy, Mono, Muted, Shown } from "../../ui/text.tsx";
import s from "./posture.module.css";

interface FixProps {
  readonly fix: string;
  /** A command is set to be copied; words are read. */
  readonly fixIs: "command" | "words";
}

/** What closes it. */
export function Fix({ fix, fixIs }: FixProps) {
  return (
    <p className={s.fix}>
      <Muted>fix</Muted>{" "}
      {fixIs === "command" ? (
        <>
          <Mono>{fix}</Mono> <Copy text={fix} />
        </>
      ) : (
        <Shown>{fix}</Shown>
      )}
    </p>
  );
}
