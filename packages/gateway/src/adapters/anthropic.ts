import { editJson, filterElements } from "../json/edit.ts";
import {
  noLevers,
  type Adapter,
  type ItemEditor,
  type Levers,
  type Members,
  type Seen,
  type Taken,
} from "./adapter.ts";
import { contentText } from "./openai.ts";
import { at, isFields, isOn, memberOf, numberOf, parse, textOf } from "./reading.ts";

/** Thinking in either form. Blocks are signed: an edited one is refused when it comes back, a missing one is not. */
const isThinking = (block: Buffer) => /"type"\s*:\s*"(?:redacted_)?thinking"/.test(block.toString());

/** Anthropic's Messages API. It gives no probabilities. Source: its API reference. */
export const anthropic: Adapter = {
  protocol: "anthropic",
  errors: "object",
  credential: ["x-api-key", ""],
  routes: [
    { method: "POST", path: "/v1/messages", operation: "complete", body: "json", query: ["beta"] },
    { method: "POST", path: "/v1/messages/count_tokens", operation: "look", body: "json", query: ["beta"] },
    { method: "GET", path: "/v1/models", operation: "look", body: "none", query: ["limit", "after_id", "before_id"] },
    { method: "GET", path: "/v1/models/{model}", operation: "look", body: "none" },
  ],
  denied: [
    { path: "/v1/messages/batches*", why: "answers of a batch are fetched as a file, past every meter" },
    { path: "/v1/files*", why: "files hold batches and training data" },
    { path: "/v1/organizations*", why: "it manages the account behind this gateway" },
  ],
  levers: (members: Members): Levers => ({
    ...noLevers,
    stream: isOn(memberOf(members, "stream")),
    maxTokens: numberOf(members, "max_tokens"),
  }),
  cuts: () => ({
    reasoning: [filterElements(["content"], (block) => !isThinking(block))],
    reasoningItems: dropThinking,
  }),
  usage: { input: /"input_tokens"\s*:\s*(\d{1,12})/g, output: /"output_tokens"\s*:\s*(\d{1,12})/g },
  see(taken: Taken): Seen | undefined {
    const asked = parse(taken.request);
    const messages = at(asked, "messages");
    if (!Array.isArray(messages)) return undefined;
    const said = messages.filter((it) => at(it, "role") === "user");
    const text = contentText(at(said.at(-1), "content"));
    const claimed = textOf(at(asked, "metadata", "user_id"));
    return {
      depth: Math.max(1, said.length),
      ...(text !== undefined && { text }),
      ...(claimed !== undefined && { claimed }),
    };
  },
};

/** Drops the events of thinking blocks and counts the others' index down: clients put blocks together by index. */
function dropThinking(): ItemEditor {
  const dropped = new Set<number>();
  return (data) => {
    const event = parse(data);
    const index = at(event, "index");
    if (!isFields(event) || typeof index !== "number") return undefined;
    const kind = String(at(event, "content_block", "type") ?? "");
    if (kind === "thinking" || kind === "redacted_thinking") dropped.add(index);
    if (dropped.has(index)) return "drop";
    const before = [...dropped].filter((it) => it < index).length;
    if (before === 0) return undefined;
    return editJson(data, [{ path: ["index"], change: () => String(index - before) }]).toString();
  };
}
