/** Questions about an event that several detectors ask. */
import type { Method, ModelEntry, OcsfEvent, Severity } from "@outweigh/schema";
import { networkAround } from "../networks.ts";

/** A read of a model's bytes that was granted. */
export function isRead(event: OcsfEvent): boolean {
  return (
    (event.operation === "download" || event.operation === "copy") && event.status_id !== 2 && event.weights !== false
  );
}

/** Whether its time is that of the event. False where a log carries none: then "within ten minutes" means nothing. */
export function isTimed({ unmapped }: OcsfEvent): boolean {
  const basis = field(unmapped, "time_basis");
  return basis !== "file" && basis !== "none";
}

/** Whether somebody can be named: the source vouches for a principal, or the client at least comes from outside. */
function isTelling(event: OcsfEvent): boolean {
  return event.vouched !== false || event.src_external === true;
}

/** `severity`, or low where the log names nobody and the client is inside: it may be anyone, a declared reader too. */
export function asTelling(event: OcsfEvent, severity: Severity): Severity {
  return isTelling(event) ? severity : "low";
}

/** The client's address, if the source has one. */
export function addressOf({ src_endpoint: endpoint }: OcsfEvent): string | undefined {
  const ip = field(endpoint, "ip");
  return typeof ip === "string" ? ip : undefined;
}

/** Any address of the own networks. */
export const inside = "inside";

/** From which network it came: `inside`, or the network around an outside address. Undefined where the source has no address. */
export function networkOf(event: OcsfEvent): string | undefined {
  const address = addressOf(event);
  if (address === undefined || event.src_external === undefined) return undefined;
  return event.src_external ? networkAround(address) : inside;
}

/** Whether it matters who reads the model. */
export function isProtected(model: Pick<ModelEntry, "class"> | undefined): boolean {
  return model?.class === "private" || model?.class === "delta";
}

/** What the client says it is. It may lie. */
export function agentOf({ http_request: request }: OcsfEvent): string | undefined {
  const agent = field(request, "user_agent");
  return typeof agent === "string" ? agent : undefined;
}

/** A field of an object of which nothing is known. */
export function field(from: unknown, name: string): unknown {
  return typeof from === "object" && from !== null ? Reflect.get(from, name) : undefined;
}

/** A field as text, if it is text, a number or a truth. What a record calls `toString` is not asked: it may be no function. */
export function textIn(from: unknown, name: string): string | undefined {
  const value = field(from, name);
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** A principal as sentences name it: an ARN is shortened to what tells it apart within its account. */
export function shortPrincipal(principal: string): string {
  return /^arn:aws[\w-]*:(?:iam|sts)::\d*:(.+)$/s.exec(principal)?.[1] ?? principal;
}

/** `mallory (from 203.0.113.77)`: who it was, in a sentence. */
export function whoText(event: OcsfEvent): string {
  const { principal } = event;
  if (principal.startsWith("anonymous@")) return `somebody at ${principal.slice("anonymous@".length)}`;
  const name = shortPrincipal(principal);
  const address = addressOf(event);
  return address === undefined ? name : `${name} (from ${address})`;
}

/** By which of the six methods a read like this takes a model, judged by where the artifact lies. */
export function methodOf(event: OcsfEvent): Method {
  const { artifact = "", principal } = event;
  const anonymous = principal.startsWith("anonymous@");
  if (artifact.startsWith("llm:")) return "queries";
  if (/^(s3|gs|az):/.test(artifact)) return anonymous ? "exposed-storage" : "credentials";
  if (/^(oci|k8s):/.test(artifact)) return "artifacts";
  if (artifact.startsWith("http:")) return anonymous ? "exposed-storage" : "repositories";
  if (artifact.startsWith("file:")) return "artifacts";
  return anonymous ? "weak-access" : "repositories";
}

/**
 * Which person is behind an event, as far as names tell: what an identity provider says it is about, an e-mail address, or the name
 * of a role's session, which clouds fill with one. Else the principal. Names of sessions are chosen by whoever opens them, so this
 * ties stories together and proves nothing.
 */
export function personOf({ principal, actor, unmapped }: OcsfEvent): string {
  const known = [field(unmapped, "person"), field(unmapped, "subject"), principal].find(isMail);
  if (known !== undefined) return known.toLowerCase();
  const arn = [field(field(actor, "session"), "uid"), field(field(actor, "user"), "uid"), principal];
  const session = arn.map((it) => (typeof it === "string" ? it.slice(it.lastIndexOf("/") + 1) : it)).find(isMail);
  return session?.toLowerCase() ?? principal;
}

function isMail(it: unknown): it is string {
  return typeof it === "string" && /^[^@\s/]{1,128}@[^@\s/]{1,256}$/.test(it) && !it.startsWith("anonymous@");
}
