import { filledHunt, splitHunts, type PlaybookHunt, type PlaybookText } from "@outweigh/schema";
import { PipelineError } from "./error.ts";

/** The four headings of every playbook, in order. */
export const playbookHeadings = ["What it means", "Theft or work", "What to do", "What it does not see"] as const;

/** Longest playbook, in UTF-16 units. */
const maxPlaybookLength = 64 * 1024;

/**
 * Reads a playbook: a title, then the four headings with their Markdown.
 * @throws {PipelineError} BAD_PLAYBOOK naming the first heading that is missing or out of place, or a hunt that does not read.
 */
export function readPlaybook(id: string, text: string): PlaybookText {
  if (text.length > maxPlaybookLength) {
    throw new PipelineError(
      "BAD_PLAYBOOK",
      `${id} has ${text.length} characters, at most ${maxPlaybookLength} are read`,
    );
  }
  const title = /^# (.+)$/m.exec(text)?.[1]?.trim();
  if (title === undefined) throw new PipelineError("BAD_PLAYBOOK", `${id} has no title`);
  const sections = text
    .split(/^## /m)
    .slice(1)
    .map((it) => {
      const end = it.indexOf("\n");
      return { heading: (end < 0 ? it : it.slice(0, end)).trim(), text: end < 0 ? "" : it.slice(end + 1).trim() };
    });
  for (const [i, heading] of playbookHeadings.entries()) {
    if (sections[i]?.heading !== heading)
      throw new PipelineError("BAD_PLAYBOOK", `${id} has no heading "${heading}" as number ${i + 1}`);
    if (sections[i].text === "") throw new PipelineError("BAD_PLAYBOOK", `${id} says nothing under "${heading}"`);
  }
  for (const it of sections.flatMap(({ text: of }) => splitHunts(of).hunts)) checkHunt(id, it);
  return { id, title, sections };
}

function checkHunt(id: string, it: PlaybookHunt): void {
  try {
    filledHunt(it, { principal: "any", model: "any", firstAt: 0, lastAt: 0 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PipelineError("BAD_PLAYBOOK", `${id}: the hunt "${it.title}": ${why}`, { cause });
  }
}
