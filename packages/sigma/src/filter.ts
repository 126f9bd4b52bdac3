import type { FilterDocument } from "./document.ts";
import { EventView, FieldTable, type SigmaEvent } from "./field.ts";
import { compileDetection } from "./matcher.ts";

/**
 * One filter by itself, for findings that no rule made: says whether an event stays. Whether the filter was written for what
 * found it, and for its logsource, is the caller's business. `reserved` as for the engine.
 */
export function compileFilter(
  { detection, view: fieldView }: FilterDocument,
  { reserved = [] }: { readonly reserved?: readonly string[] } = {},
): (event: SigmaEvent) => boolean {
  const table = new FieldTable(reserved);
  const view = new EventView(table, { id: "", time: 0, fields: {}, logsources: [] });
  const stays = compileDetection(detection, fieldView, table);
  return (event) => {
    view.show(event);
    return stays(view);
  };
}
