// What actions reach outside by.
import type { ConnectionRow } from "@outweigh/schema";
import { min, now } from "./time.ts";

const row = (name: string, kind: string, over: Partial<ConnectionRow>): ConnectionRow => ({
  name,
  kind,
  host: "",
  verbs: ["notify"],
  touches: [],
  unset: [],
  ...over,
});

export const connections: ConnectionRow[] = [
  row("models-bucket", "bucket", {
    host: "s3.eu-central-1.amazonaws.com",
    verbs: ["make-private"],
    touches: ["s3://acme-models"],
  }),
  row("hub", "huggingface", {
    host: "huggingface.co",
    verbs: ["make-private"],
    touches: ["hf:acme/*"],
    unset: ["HF_TOKEN"],
  }),
  row("code", "github", {
    host: "api.github.com",
    verbs: ["make-private", "revoke-deploy-keys"],
    touches: ["git:github.com/acme/acme-13b", "git:github.com/acme/train"],
  }),
  row("soc-slack", "slack", {
    host: "hooks.slack.com",
    told: { at: now - 12 * min, text: "Outweigh: 3 new incidents" },
  }),
  row("soc-mail", "mail", {
    host: "mail.acme.example:587",
    told: {
      at: now - 50 * min,
      text: "Outweigh: 1 silent source",
      problem: "soc-mail did not confirm the message (535): it does not take the user and password",
    },
  }),
  row("jira", "jira", { host: "acme.atlassian.net", verbs: ["open-ticket"] }),
];
