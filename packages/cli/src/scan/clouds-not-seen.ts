import type { Asked, ScanReport } from "@outweigh/schema";

/**
 * What clouds did not answer, one line for each cloud: a question without an answer is no sign that nothing is open there.
 *
 * @param asked Everything that was asked, with a `problem` where no answer came.
 */
export function cloudsNotSeen(asked: readonly Asked[]): ScanReport["notSeen"] {
  const clouds = new Map<string, Asked[]>();
  for (const it of asked) clouds.set(it.cloud, [...(clouds.get(it.cloud) ?? []), it]);
  return [...clouds].flatMap(([cloud, questions]) => {
    const failed = questions.filter((it) => it.problem !== undefined);
    const [first] = failed;
    if (first?.problem === undefined) return [];
    const share =
      failed.length === questions.length
        ? "nothing was answered"
        : `${failed.length} of ${questions.length} questions not answered`;
    const where = first.url === "" ? "" : `${first.url}: `;
    return [{ what: `configuration of the cloud ${cloud}`, why: `${share}: ${where}${first.problem}` }];
  });
}
