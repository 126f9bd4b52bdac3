/**
 * What OCSF 1.8.0 demands of the classes and objects that we write, kept by hand: names and numbers of its dictionary
 * (github.com/ocsf/ocsf-schema, tag 1.8.0, Apache-2.0), none of its text. Optional attributes are not listed, so a misspelt optional one
 * is not found by this.
 */
import type { OcsfEvent } from "@outweigh/schema";

interface Shape {
  readonly required?: readonly string[];
  readonly oneOf?: readonly string[];
}

interface ClassShape extends Shape {
  /** Activity ids beyond 0 unknown and 99 other, which every class has. */
  readonly activities: readonly number[];
  readonly profiles?: readonly string[];
}

const to = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

/** By class uid. 0 is the base event. */
export const ocsfClasses: Readonly<Record<number, ClassShape>> = {
  0: { activities: [] },
  1001: { required: ["actor", "device", "file"], activities: to(14) },
  1006: { required: ["actor", "device", "job"], activities: to(6) },
  1007: { required: ["actor", "device", "process"], activities: to(5), profiles: ["ai_operation"] },
  2004: { required: ["finding_info"], activities: to(3) },
  3001: { required: ["user"], activities: to(12) },
  3002: { required: ["user"], oneOf: ["service", "dst_endpoint"], activities: to(7) },
  3004: { required: ["entity"], activities: to(13) },
  3005: { required: ["user", "privileges"], activities: to(2) },
  3006: { required: ["group"], activities: to(8) },
  4001: { oneOf: ["dst_endpoint", "src_endpoint"], activities: to(7) },
  4002: { oneOf: ["http_request", "http_response"], activities: to(9) },
  6003: { required: ["actor", "api", "src_endpoint"], activities: to(4), profiles: ["ai_operation"] },
  6005: {
    required: ["actor", "src_endpoint"],
    oneOf: ["database", "databucket", "table"],
    activities: to(10),
    profiles: ["ai_operation"],
  },
  6006: { required: ["actor", "file", "src_endpoint"], activities: to(17) },
};

const address = ["ip", "uid", "name", "hostname", "instance_uid", "interface_uid", "interface_name"];

/** Objects by the attribute that holds them. */
const objects: Readonly<Record<string, Shape>> = {
  metadata: { required: ["product", "version"] },
  actor: { oneOf: ["process", "user", "invoked_by", "session", "app_name", "app_uid"] },
  user: { oneOf: ["account", "name", "uid"] },
  api: { required: ["operation"] },
  src_endpoint: { oneOf: [...address, "svc_name", "domain"] },
  dst_endpoint: { oneOf: [...address, "svc_name", "domain"] },
  device: { required: ["type_id"], oneOf: address },
  file: { required: ["name", "type_id"] },
  process: { oneOf: ["pid", "uid", "cpid"] },
  databucket: { required: ["type_id"] },
  http_response: { required: ["code"] },
  ai_model: { required: ["ai_provider", "name"] },
  message_context: { oneOf: ["application", "service"] },
  finding_info: { required: ["title", "uid"] },
  job: { required: ["name"] },
  service: { oneOf: ["name", "uid"] },
  group: { oneOf: ["name", "uid"] },
};

/** What is wrong with an event by OCSF 1.8.0, each a sentence. Empty for a valid one. */
export function ocsfProblems(event: OcsfEvent): string[] {
  const shape = ocsfClasses[event.class_uid];
  if (!shape) return [`class ${event.class_uid} is not one we write`];
  const { class_uid: uid, activity_id: activity } = event;
  const profiles: unknown = event.metadata.profiles;
  return [
    ...(event.metadata.version === "1.8.0" ? [] : ["metadata.version is not 1.8.0"]),
    ...([0, 99, ...shape.activities].includes(activity) ? [] : [`class ${uid} has no activity ${activity}`]),
    ...(event.type_uid === uid * 100 + activity ? [] : ["type_uid is not class and activity"]),
    ...(event.category_uid === Math.floor(uid / 1000) ? [] : ["category_uid is not the class's"]),
    ...([0, 1, 2, 3, 4, 5, 6, 99].includes(event.severity_id) ? [] : ["severity_id is unknown"]),
    ...([undefined, 0, 1, 2, 99].includes(event.status_id) ? [] : ["status_id is unknown"]),
    ...missing(event, shape, `class ${uid}`),
    ...(Array.isArray(profiles) ? profiles.filter((it) => !shape.profiles?.includes(it)) : []).map(
      (it) => `class ${uid} has no profile ${it}`,
    ),
    ...within(event, ""),
  ];
}

/** Objects of the event itself and of its actor; what stands in `unmapped` is nobody's schema. */
function within(from: object, path: string): string[] {
  return Object.entries(from).flatMap(([name, value]) => {
    const shape = objects[name];
    if (!shape || typeof value !== "object" || value === null || Array.isArray(value)) return [];
    return [...missing(value, shape, `${path}${name}`), ...(name === "actor" ? within(value, "actor.") : [])];
  });
}

function missing(from: object, { required = [], oneOf }: Shape, what: string): string[] {
  const has = (name: string) => Reflect.get(from, name) !== undefined;
  return [
    ...required.filter((it) => !has(it)).map((it) => `${what} has no ${it}`),
    ...(oneOf && !oneOf.some(has) ? [`${what} has none of ${oneOf.join(", ")}`] : []),
  ];
}
