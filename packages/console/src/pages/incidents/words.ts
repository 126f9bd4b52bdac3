import type { IncidentStatus, Verdict } from "@outweigh/schema";

/** States and verdicts as people say them. */
export const statusWord: Readonly<Record<IncidentStatus, string>> = {
  new: "New",
  "in-progress": "In progress",
  "on-hold": "On hold",
  resolved: "Resolved",
  closed: "Closed",
};

export const verdictWord: Readonly<Record<Verdict, { readonly word: string; readonly about: string }>> = {
  "true-positive": {
    word: "True positive",
    about: "It happened, and it should not have. What took part in a theft is watched for 90 days.",
  },
  "false-positive": { word: "False positive", about: "It did not happen: the rule saw something else." },
  benign: { word: "Benign", about: "It happened, and it was allowed." },
  test: { word: "Test", about: "A drill or a trial." },
  duplicate: { word: "Duplicate", about: "Another incident tells the same story." },
};
