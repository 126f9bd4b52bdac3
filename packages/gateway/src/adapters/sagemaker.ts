import { mlflow, scoringRoute, seeScoring } from "./mlflow.ts";
import type { Adapter } from "./adapter.ts";
import { swapAt } from "../marks/swap.ts";
import { coarsen } from "../json/probabilities.ts";
import { isFields } from "./reading.ts";

/**
 * SageMaker-style endpoints, the runtime's path and the container's. Bodies are opaque by their content type; JSON and CSV are
 * looked into. Clients send the gateway's key as a bearer: request signatures are not verified here. Source: its runtime API.
 */
export const sagemaker: Adapter = {
  ...mlflow,
  protocol: "sagemaker",
  routes: [
    { ...scoringRoute, path: "/endpoints/{model}/invocations" },
    scoringRoute,
    { method: "GET", path: "/ping", operation: "look", body: "none" },
  ],
  denied: [
    { path: "/endpoints/{model}/async-invocations", why: "its answers go to a bucket, past every meter" },
    { path: "/endpoints/{model}/invocations-response-stream", why: "its event stream cannot be metered yet" },
    { path: "/models*", why: "it loads and unloads models", grave: true },
  ],
  cuts: () => ({
    swap: swapAt([], ["predictions"]),
    probabilities: (to, classes) => [
      {
        path: [],
        change(value: Buffer) {
          const answered: unknown = JSON.parse(value.toString());
          if (isFields(answered) && "predictions" in answered) {
            const predictions = coarsen(answered["predictions"], to, classes);
            return predictions === undefined ? undefined : JSON.stringify({ ...answered, predictions });
          }
          const coarse = coarsen(answered, to, classes);
          return coarse === undefined ? undefined : JSON.stringify(coarse);
        },
      },
    ],
  }),
  see: seeScoring,
};
