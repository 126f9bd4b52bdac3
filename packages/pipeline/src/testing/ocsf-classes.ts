/**
 * What OCSF 1.8.0 demands of the classes and objects that we write, kept by hand: names and numbers of its dictionary
 * (github.com/ocsf/ocsf-schema, tag 1.8.0, Apache-2.0), none of its text. Of the attributes of objects only the required ones are listed,
 * so a misspelt optional one inside an object is not found by this.
 */
import { reservedFields, type OcsfEvent } from "@outweigh/schema";

interface Shape {
  readonly required?: readonly string[];
  readonly oneOf?: readonly string[];
}

interface ClassShape extends Shape {
  /** Activity ids beyond 0 unknown and 99 other, which every class has. */
  readonly activities: readonly number[];
  readonly profiles?: readonly string[];
  /** Attributes that we use of what the class has beyond the base event. */
  readonly may: readonly string[];
}

const to = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

/** What every class has, as far as we use it; `actor`, `api`, `device` and `cloud` come with the profiles of the base event. */
const base = [
  "activity_id",
  "activity_name",
  "category_uid",
  "class_uid",
  "type_uid",
  "severity_id",
  "status_id",
  "status_code",
  "time",
  "metadata",
  "unmapped",
  "raw_data",
  "raw_data_size",
  "actor",
  "api",
  "device",
  "cloud",
];

/** What we add to an event at its top: our reserved names, and what the register concludes from them. */
const own: readonly string[] = [...reservedFields, "models", "part_bytes"];

const web = ["src_endpoint", "http_request", "http_response"];
const ai = ["ai_model", "message_context"];

/** By class uid. 0 is the base event. */
export const ocsfClasses: Readonly<Record<number, ClassShape>> = {
  0: { activities: [], may: [] },
  1001: { required: ["actor", "device", "file"], activities: to(14), may: ["file", "file_result"] },
  1006: { required: ["actor", "device", "job"], activities: to(6), may: ["job"] },
  1007: {
    required: ["actor", "device", "process"],
    activities: to(5),
    profiles: ["ai_operation"],
    may: ["process", ...ai],
  },
  // The gateway's findings have the client's address at their top, where rules look for it; OCSF has it in `evidences`.
  2004: {
    required: ["finding_info"],
    activities: to(3),
    may: ["finding_info", "evidences", "resources", "src_endpoint"],
  },
  3001: { required: ["user"], activities: to(12), may: ["user", ...web] },
  3002: {
    required: ["user"],
    oneOf: ["service", "dst_endpoint"],
    activities: to(7),
    may: ["user", "service", "dst_endpoint", ...web],
  },
  3004: { required: ["entity"], activities: to(13), may: ["entity", ...web] },
  3005: { required: ["user", "privileges"], activities: to(2), may: ["user", "privileges", "resources", ...web] },
  3006: { required: ["group"], activities: to(8), may: ["group", "user", "privileges", ...web] },
  // The agent says of which file a connection sent bytes, for which the class has no attribute.
  4001: {
    oneOf: ["dst_endpoint", "src_endpoint"],
    activities: to(7),
    may: ["src_endpoint", "dst_endpoint", "traffic", "file"],
  },
  4002: {
    oneOf: ["http_request", "http_response"],
    activities: to(9),
    may: ["dst_endpoint", "traffic", "file", ...web],
  },
  6003: {
    required: ["actor", "api", "src_endpoint"],
    activities: to(4),
    profiles: ["ai_operation"],
    may: ["dst_endpoint", "resources", ...web, ...ai],
  },
  6005: {
    required: ["actor", "src_endpoint"],
    oneOf: ["database", "databucket", "table"],
    activities: to(10),
    profiles: ["ai_operation"],
    may: ["dst_endpoint", "databucket", "database", "table", ...web, ...ai],
  },
  6006: {
    required: ["actor", "file", "src_endpoint"],
    activities: to(17),
    may: ["dst_endpoint", "file", "file_result", ...web],
  },
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
    ...Object.keys(event)
      .filter((it) => !base.includes(it) && !own.includes(it) && !shape.may.includes(it))
      .map((it) => `class ${uid} has no ${it}`),
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
