import { z } from "zod";
import { looksLikeWeights } from "../artifact.ts";
import { found, problemOf, readJson, refuse, textOf } from "./json-records.ts";
import { activity, essentials, fileObject, idOf, timeOf } from "./ocsf.ts";
import { quote, type Ingested, type Origin, type Raw, type Source } from "./source.ts";

/** One alert of Falco, as its JSON output and its HTTP output write it. `evt.time.iso8601` is beyond 2^53, so `time` tells. */
const alert = z.looseObject({
  uuid: z.string().max(128).nullish(),
  rule: z.string().min(1).max(512),
  priority: z.string().max(64),
  time: z.string().max(64),
  output: z.string().nullish(),
  hostname: z.string().max(256).nullish(),
});

export const falco: Source = {
  id: "falco",
  title: "Falco alerts",
  cannotSee: [
    "Anything that no rule of Falco's speaks of: it sends alerts, not events",
    "Reads of weights, unless a rule names the models' folders",
    "How many bytes were read or sent",
    "Events that the kernel's buffer dropped under load; Falco's own counter tells",
  ],
  requires: [
    "json_output and json_include_output_properties on, with http_output pointed here",
    "A rule on open_read below the models' folders, e.g. the one of the guide",
  ],
  logsources: [{ product: "falco", service: "alert" }],

  read: (record, from) =>
    readJson(
      record,
      () => undefined,
      (value) => one(value, from),
    ),
};

function one(value: Raw, from: Origin): Ingested {
  const read = alert.safeParse(value);
  if (!read.success) return problemOf(read.error, "alert");
  const it = read.data;
  const time = timeOf(it.time);
  if (time === undefined) return refuse(`time: not a time: ${quote(it.time)}`);
  const fields = value.output_fields;
  const raw = JSON.stringify(value);
  const host = it.hostname || textOf(fields, "evt.hostname") || "unknown";
  const pod = textOf(fields, "k8s.pod.name");
  const space = textOf(fields, "k8s.ns.name");
  const user = textOf(fields, "user.name") ?? textOf(fields, "ka.user.name");
  const known = user !== undefined && user !== "<NA>" && !user.startsWith("anonymous@");
  const workload = pod === undefined ? `host:${host}` : `pod:${space ?? "default"}/${pod}`;
  const path = textOf(fields, "fd.name");
  const file = path?.startsWith("/") ? path : undefined;
  const title = it.rule;
  return found(
    {
      ...essentials({
        id: it.uuid ? idOf("falco", it.uuid) : idOf("falco", from.source, raw),
        from,
        time,
        activity: activity.findingCreate,
        product: "Falco",
        principal: known ? user : workload,
        uid: it.uuid ?? undefined,
        originalTime: it.time,
        raw,
      }),
      ...(!known && { vouched: false }),
      operation: "finding",
      ...(file !== undefined && {
        artifact: `file:${file.slice(0, 4096)}`,
        weights: looksLikeWeights(file),
        evidences: [{ file: fileObject(file) }],
      }),
      finding_info: {
        title,
        uid: it.uuid || idOf("falco", raw),
        ...(it.output && { desc: it.output.slice(0, maxText) }),
      },
      device: { hostname: host, type_id: 0 },
      unmapped: {
        rule: it.rule,
        priority: it.priority,
        ...(pod !== undefined && { pod: `${space ?? "default"}/${pod}` }),
        ...(textOf(fields, "proc.cmdline") !== undefined && {
          command: textOf(fields, "proc.cmdline")?.slice(0, maxText),
        }),
        ...(textOf(fields, "container.id") !== undefined && { container: textOf(fields, "container.id") }),
      },
    },
    value,
  );
}

/** Longest text of an alert that is kept outside the record, in UTF-16 units. */
const maxText = 4096;
