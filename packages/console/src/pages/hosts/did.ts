import type { OcsfEvent } from "@outweigh/schema";
import { size } from "../../format/size.ts";

/** What a process did to weights, in a sentence: "tar 70 (eve@gpu-9) opened /srv/m/w.safetensors · ≤ 26.1 GB". */
export function didOn(it: OcsfEvent): string {
  const process = within(within(it["actor"], "process"), "name");
  const pid = within(within(it["actor"], "process"), "pid");
  const who = `${text(process) ?? "a process"} ${typeof pid === "number" ? pid : ""} (${it.principal})`;
  const path = text(within(it["file"], "path")) ?? it.artifact ?? "";
  const to = text(within(it["file_result"], "path"));
  const made = text(within(it["unmapped"], "made_from"));
  const atMost = within(it["unmapped"], "at_most");
  const bytes = typeof atMost === "number" && atMost > 0 ? ` · ≤ ${size(atMost)}` : "";
  const onto = within(it["unmapped"], "onto");
  const place = text(within(onto, "source")) ?? text(within(onto, "mount"));
  const leaves = onto === undefined ? "" : `, onto ${ontoWords(within(onto, "kind"))} (${place ?? "could not tell"})`;
  switch (it.operation) {
    case "open":
      return `${who} opened ${path}${bytes}`;
    case "write":
      return `${who} wrote ${path}${made === undefined ? "" : `, made from ${made.replace(/^file:/, "")}`}${leaves}${bytes}`;
    case "rename":
      return `${path} is called ${to ?? "otherwise"} since ${who} had it open`;
    case "send": {
      const sent = within(it["unmapped"], "sent");
      const [address, port] = [within(it["dst_endpoint"], "ip"), within(it["dst_endpoint"], "port")];
      const place = `${text(address) ?? "outside"} port ${String(port ?? "?")}`;
      if (typeof sent === "number") return `${who} holds ${path} and has sent ${size(sent)} to ${place}`;
      return `${who} holds ${path} and opened a connection to ${place}${bytes}`;
    }
    case "silence":
      return `${it.source} fell silent`;
    default:
      return `${who} ${it.operation ?? "did something"} ${path}`;
  }
}

/** How a file system leaves its host. */
export function ontoWords(kind: unknown): string {
  if (kind === "removable") return "a disk that leaves";
  return kind === "network" ? "another machine's disk" : "a disk that a program serves, could not tell from where";
}

function within(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
