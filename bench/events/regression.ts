// The regression data of a SigmaHQ checkout: every rule there over the events that were recorded for it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SigmaEngine, type SigmaDocument, type SigmaEvent } from "@outweigh/sigma";
import { parse } from "yaml";

interface Regression {
  readonly rules: number;
  readonly events: number;
  /** Rules that match at least one of their events. */
  readonly fire: number;
  /** Those that do not, by title. */
  readonly silent: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

/** Undefined where the checkout has none beside its rules. Recordings that are no JSON are left out. */
export function measureRegression(rulesFolder: string, loaded: readonly SigmaDocument[]): Regression | undefined {
  const folder = join(rulesFolder, "..", "regression_data");
  if (!existsSync(folder)) return undefined;
  const byId = new Map(loaded.map((it) => [it.id, it]));
  const silent: string[] = [];
  const sum = { rules: 0, events: 0, fire: 0 };
  const infos = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((it) => it.endsWith("info.yml"));
  for (const info of infos.sort()) {
    const about: { rule_metadata?: readonly { id: string }[] } = parse(readFileSync(join(folder, info), "utf8"));
    const rule = byId.get(about.rule_metadata?.[0]?.id);
    const at = dirname(join(folder, info));
    const file = readdirSync(at).find((it) => it.endsWith(".json"));
    if (rule?.kind !== "rule" || file === undefined) continue;
    const events = eventsIn(readFileSync(join(at, file), "utf8"));
    const engine = new SigmaEngine([rule]);
    const fires = events.some(
      (fields, i) =>
        engine.step({ id: String(i), time: i, fields, logsources: [rule.logsource] } satisfies SigmaEvent).length > 0,
    );
    sum.rules++;
    sum.events += events.length;
    if (fires) sum.fire++;
    else silent.push(rule.title);
  }
  return { ...sum, silent };
}

/** One event, a list of them, or one behind the other: however the recorder printed them. */
function eventsIn(text: string): Json[] {
  const whole = parsed(text);
  const list = whole ?? parsed(`[${text.trim().replace(/\}\s*\{(?=\s*"Event")/g, "},{")}]`);
  return (Array.isArray(list) ? list : [list]).flatMap((it) => (it === undefined ? [] : [flat(it)]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Names as Sigma's taxonomy has them: attributes joined by an underscore, blanks taken out. */
function flat(recorded: unknown): Json {
  const { System = {}, EventData = {}, UserData = {} } = Object(Object(recorded).Event);
  const fields: Record<string, unknown> = {};
  const put = (data: unknown): void => {
    for (const [name, value] of Object.entries(Object(data))) fields[name.replaceAll(" ", "")] = value;
  };
  for (const [name, value] of Object.entries(Object(System))) {
    const { "#attributes": attributes, "#text": text } = Object(value);
    put({ [name]: text ?? value });
    put(Object.fromEntries(Object.entries(Object(attributes)).map(([it, one]) => [`${name}_${it}`, one])));
  }
  put(EventData);
  for (const inner of Object.values(Object(UserData))) put(inner);
  return fields;
}
