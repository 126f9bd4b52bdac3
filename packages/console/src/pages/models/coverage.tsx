import type { Holding, ModelRow } from "@outweigh/schema";
import { brief } from "../../format/middle.ts";
import { held } from "../../format/size.ts";
import { Bar } from "../../ui/bar.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import s from "./coverage.module.css";

interface CoverageProps {
  readonly of: ModelRow;
  readonly holdings: readonly Holding[];
}

/** How much of the model nobody accounts for, and the most that one declared reader holds, against its size. */
export function Coverage({ of: it, holdings }: CoverageProps) {
  const declared = holdings.filter((one) => one.declared).sort((a, b) => b.bytes - a.bytes)[0];
  const { coalition } = it;
  return (
    <div className={s.coverage}>
      {coalition?.fraction !== undefined && (
        <>
          <span>all undeclared readers</span>
          <Bar
            fraction={coalition.fraction}
            bound={coalition.bound}
            accounted={false}
            label={held(coalition, it.name)}
          />
        </>
      )}
      {declared?.fraction !== undefined && (
        <>
          <Muted>
            <Shown>{brief(declared.principal)}</Shown>, declared
          </Muted>
          <Bar fraction={declared.fraction} bound={declared.bound} accounted label={held(declared, it.name)} />
        </>
      )}
    </div>
  );
}
