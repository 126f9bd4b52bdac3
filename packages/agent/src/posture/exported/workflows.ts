// Jobs of continuous integration that run a stranger's code with our secrets.
import type { ModelEntry } from "@outweigh/schema";
import { isRecord, listOf, recordOf } from "../values.ts";
import { commandOf, withFix, type Ways } from "../way.ts";
import type { ExportedFile } from "./file.ts";

/** Names of secrets that open places of models, and the scheme of the place. */
const openers: readonly (readonly [RegExp, string])[] = [
  [/HF_|HUGGING/i, "hf:"],
  [/AWS_/i, "s3:"],
  [/WANDB/i, "wandb:"],
  [/MLFLOW/i, "mlflow:"],
  [/AZURE|AZ_/i, "az:"],
  [/GCP|GOOGLE|GCLOUD/i, "gs:"],
  [/DOCKER|REGISTRY|GHCR/i, "oci:"],
];

/**
 * Workflows of GitHub that check out and run the code of a pull request under `pull_request_target`, where secrets are given.
 * Source: GitHub's documentation of events that trigger workflows.
 * Blind spot: other ways to run a stranger's code, such as injection into scripts; other products than GitHub.
 */
export function findWorkflow(file: ExportedFile, register: readonly ModelEntry[], ways: Ways): boolean {
  if (!/(?:^|\/)\.github\/workflows\/[^/]+\.ya?ml$/.test(file.path)) return false;
  ways.looked("ci-job");
  if (!isRecord(file.value)) {
    ways.missed("ci-job", `${file.path} was not parsed`);
    return true;
  }
  // YAML 1.1 reads the key `on` as true.
  const on = file.value["on"] ?? file.value["true"];
  const isTarget =
    on === "pull_request_target" || listOf(on).includes("pull_request_target") || "pull_request_target" in recordOf(on);
  const checksOut = /github\.event\.pull_request\.head\.(?:sha|ref)|refs\/pull\/\$\{\{/.test(file.text);
  if (!isTarget || !checksOut) return true;
  const secrets = [...new Set([...file.text.matchAll(/secrets\.([A-Z0-9_]+)/gi)].map(([, name = ""]) => name))].slice(
    0,
    50,
  );
  const opened = openers.filter(([pattern]) => secrets.some((it) => pattern.test(it))).map(([, scheme]) => scheme);
  const line = file.text.split("\n").findIndex((it) => it.includes("pull_request_target")) + 1;
  for (const scheme of opened.filter((it) =>
    register.some(({ places }) => places.some((place) => place.startsWith(it))),
  )) {
    ways.add({
      kind: "ci-job",
      steps: [
        {
          from: "anybody who may open a pull request",
          to: `a CI job of ${file.path}`,
          how: "has it check out and run the code of a pull request with the repository's secrets",
          basis: "verified",
          proof: `${file.path}:${line}: pull_request_target, and a checkout of the pull request's head`,
          effort: "trick",
        },
        {
          from: `a CI job of ${file.path}`,
          to: "",
          how: `uses the secret ${secrets.find((it) => openers.some(([pattern, to]) => to === scheme && pattern.test(it))) ?? ""}`,
          basis: "inferred",
          effort: "trick",
        },
      ],
      reaches: { at: "place", place: scheme },
      ...withFix(commandOf`gh workflow disable ${file.path.split("/").at(-1) ?? file.path}`),
    });
  }
  return true;
}
