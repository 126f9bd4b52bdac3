/** How far a record can be believed: what was checked of it when it came in. It says nothing about whether its source told the truth. */
import { z } from "zod";

/**
 * `signed`: it carries its maker's signature, and that was checked. `authenticated`: its sender proved to us who it is, but whoever holds
 * that channel could have written anything. `plain`: anybody who can reach the source could have written it.
 */
export const grade = z.enum(["signed", "authenticated", "plain"]);
export type Grade = z.infer<typeof grade>;

/** Grades from the strongest to the weakest. */
export const grades: readonly Grade[] = grade.options;

/** Each way on which a record comes in, by what is checked there. */
export const wayIn = z.enum([
  "agent-key",
  "gateway-key",
  "digest-file",
  "server",
  "people",
  "token",
  "bucket",
  "client-certificate",
  "bucket-plain",
  "tls",
  "tcp",
  "udp",
  "file",
  "given",
]);
export type WayIn = z.infer<typeof wayIn>;

const count = z.int().nonnegative();

/** On how many events of each grade something rests. `ungraded`: they came in before there were grades, which is no grade. */
export const rests = z.object({ signed: count, authenticated: count, plain: count, ungraded: count });
export type Rests = z.infer<typeof rests>;

/** Counts events by their grade. What is none of ours is no grade. */
export function restsOn(events: Iterable<{ readonly grade?: unknown }>): Rests {
  const counts = { signed: 0, authenticated: 0, plain: 0, ungraded: 0 };
  for (const it of events) counts[grades.find((one) => one === it.grade) ?? "ungraded"]++;
  return counts;
}

/** Counts that were made apart, together. */
export function restsOnAll(all: readonly (Rests | undefined)[]): Rests {
  const sum = (of: keyof Rests) => all.reduce((total, it) => total + (it?.[of] ?? 0), 0);
  return { signed: sum("signed"), authenticated: sum("authenticated"), plain: sum("plain"), ungraded: sum("ungraded") };
}

/** "3 signed, 12 plain"; "no event" where there is none. */
export function restsText({ signed, authenticated, plain, ungraded }: Rests): string {
  const named = [
    [signed, "signed"],
    [authenticated, "authenticated"],
    [plain, "plain"],
    [ungraded, "not graded"],
  ] as const;
  const said = named.filter(([many]) => many > 0).map(([many, name]) => `${many} ${name}`);
  return said.length === 0 ? "no event" : said.join(", ");
}

/**
 * Whether nothing that it rests on was sent by somebody who proved who it is. Then it must nowhere be told as proven; `doubtText` says so.
 * False for what rests on no event at all: that is said already.
 */
export function isUnproven({ signed, authenticated, plain, ungraded }: Rests): boolean {
  return signed + authenticated === 0 && plain + ungraded > 0;
}

/** What must be said beside a claim that rests on no more than this; undefined where somebody proved who it is. */
export function doubtText(it: Rests): string | undefined {
  if (!isUnproven(it)) return undefined;
  if (it.plain === 0) return "None of its events was graded: who could have written them is not known";
  const alone = it.ungraded === 0 ? "plain events alone" : "events that are plain or not graded";
  return `It rests on ${alone}: whoever can reach their sources could have written them`;
}

/** What is said where the grades of its events are not known. */
const notCounted = "The grades of its events were not counted";

/**
 * What must be said beside what rests on all of these, an incident on its alerts; undefined where somebody proved who it is. `undefined`
 * among them: that was not counted, which is no grade.
 */
export function doubtOf(all: readonly (Rests | undefined)[]): string | undefined {
  const sum = restsOnAll(all);
  if (sum.signed + sum.authenticated > 0) return undefined;
  return all.includes(undefined) ? notCounted : doubtText(sum);
}
