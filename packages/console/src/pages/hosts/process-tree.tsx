import type { HostProcess } from "@outweigh/schema";
import { plural, size } from "../../format/size.ts";
import { Tree } from "../../ui/tree.tsx";
import { Mono, Muted, Shown } from "../../ui/text.tsx";

interface ProcessTreeProps {
  readonly rows: readonly HostProcess[];
  readonly total: number;
  readonly selected: string | undefined;
  readonly onSelect: (key: string) => void;
  readonly onEnd: () => void;
}

/** Who started whom, and what each did with weights. One that only started others is grey. */
export function ProcessTree(props: ProcessTreeProps) {
  return <Tree label="Processes that handled weights" {...props} name={nameOf} end={endOf} />;
}

function nameOf(it: HostProcess) {
  if (!it.touched)
    return (
      <Muted>
        <Shown>{it.name}</Shown> {it.pid}
      </Muted>
    );
  return (
    <span>
      <Mono>{it.name}</Mono> <Muted>{it.pid}</Muted>
      {"  "}
      {it.principal !== undefined && <Shown>{it.principal}</Shown>}
      {it.pod !== undefined && (
        <Muted>
          {" · in pod "}
          <Shown>{it.pod}</Shown>
        </Muted>
      )}
      {it.pod === undefined && it.container !== undefined && (
        <Muted>
          {" · in container "}
          <Shown>{it.container.slice(0, 12)}</Shown>
        </Muted>
      )}
      {it.files.some((file) => file.onto !== undefined) && " · onto a disk that leaves"}
    </span>
  );
}

function endOf(it: HostProcess) {
  if (!it.touched) return null;
  return (
    <>
      <span>{it.fileCount === 0 ? "" : plural(it.fileCount, "file")}</span>
      <span>{it.readAtMost === 0 ? "" : size(it.readAtMost)}</span>
      <span>{it.sentCount === 0 ? "" : size(it.sentAtMost)}</span>
    </>
  );
}
