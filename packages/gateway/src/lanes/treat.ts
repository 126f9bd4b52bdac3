import type { GatewayModel } from "@outweigh/schema";
import type { ItemEditor } from "../adapters/adapter.ts";
import { editJson, type Edit } from "../json/edit.ts";
import type { Mark } from "../marks/marks.ts";
import type { Treatment } from "../policy/request.ts";
import type { Served } from "../policy/routes.ts";
import { eventData, withData } from "./stream-items.ts";

/** A whole answer; `jsonLength` where binary tensors follow its JSON. */
export interface Whole {
  readonly body: Buffer;
  readonly jsonLength: number | undefined;
}

/** How an answer is changed. `undefined` as a whole means: pass it on as it is. */
export interface Treating {
  /** A whole document. @throws for what cannot be edited: then nothing of it may leave. */
  whole(body: Buffer, jsonLength: number | undefined): Whole;
  /** One item of a stream; undefined drops it. @throws as `whole`. */
  item(item: Buffer): Buffer | undefined;
  /** The detectors look at the answer as it was, because what they need is taken out. */
  readonly tapsOriginal: boolean;
}

/** What has to be done to this answer, if anything. */
export function treatingOf(
  served: Served,
  treatment: Treatment,
  model: GatewayModel | undefined,
): Treating | undefined {
  const { logprobs, reasoning, dial, decimals, top } = treatment;
  const isPrediction = served.route.operation === "predict";
  const features = isPrediction ? model?.features : undefined;
  if (!logprobs && !reasoning && dial === "full" && features === undefined) return undefined;
  const cuts = served.upstream.adapter.cuts(served.route);
  const edits: Edit[] = [];
  if (logprobs) edits.push(...(cuts.logprobs ?? []));
  if (reasoning) edits.push(...(cuts.reasoning ?? []));
  const coarse = dial !== "full" && isPrediction;
  // First: where two edits meet on one value, the first one wins.
  if (features !== undefined && !coarse) edits.push(...(cuts.features?.(features) ?? []));
  const to = { dial, decimals, top };
  if (coarse) edits.push(...(cuts.probabilities?.(to, model?.classes, model?.output) ?? []));
  const itemEditor = reasoning ? cuts.reasoningItems?.() : undefined;
  if (edits.length === 0 && !itemEditor) return undefined;
  const hide = features === undefined ? [] : (cuts.features?.(features) ?? []);
  return {
    whole(body, jsonLength) {
      if (jsonLength !== undefined) {
        if (!coarse && features === undefined) return { body, jsonLength };
        if (!cuts.binary) throw new Error("binary tensors of this protocol cannot be edited");
        return cuts.binary({ body, jsonLength }, { to, classes: model?.classes, output: model?.output, features });
      }
      // Taken out before the rest is made coarser: both look at the same list.
      const rest = coarse && hide.length > 0 ? editJson(body, hide) : body;
      return { body: editJson(rest, edits), jsonLength };
    },
    tapsOriginal: features !== undefined,
    item: (item) => editItem(item, edits, itemEditor),
  };
}

/** The same, of an answer that is marked first: as if the model had given it so. */
export function withMarks(inner: Treating | undefined, mark: Mark): Treating {
  return {
    tapsOriginal: inner?.tapsOriginal ?? false,
    whole(body, jsonLength) {
      const marked = mark({ body, jsonLength });
      return inner?.whole(marked.body, marked.jsonLength) ?? marked;
    },
    item: (item) => (inner ? inner.item(item) : item),
  };
}

/** The same, without the usage that only we asked for. */
export function withoutUsage(inner: Treating | undefined, isUsage: (data: Buffer) => boolean): Treating {
  return {
    tapsOriginal: inner?.tapsOriginal ?? false,
    whole: (body, jsonLength) => inner?.whole(body, jsonLength) ?? { body, jsonLength },
    item(item) {
      const data = item.includes('"usage"') ? eventData(item) : undefined;
      if (data && isUsage(data)) return undefined;
      return inner ? inner.item(item) : item;
    },
  };
}

function editItem(item: Buffer, edits: readonly Edit[], itemEditor: ItemEditor | undefined): Buffer | undefined {
  const first = item[0];
  // NDJSON: the item is the document.
  if (first === 0x7b) return editJson(item, edits);
  const data = eventData(item);
  if (!data || data[0] !== 0x7b) return item;
  const edited = editJson(data, edits);
  const more = itemEditor?.(edited);
  if (more === "drop") return undefined;
  if (more === undefined && edited === data) return item;
  return withData(item, more ?? edited.toString());
}
