import { answer } from "./api.ts";
import { sampleState } from "./state.ts";

/** One for as long as the page is open: loading it anew forgets what was tried. */
const state = sampleState();

/** Answers what the API is asked for, in this page: no request leaves it. */
export function sampleAnswer(address: string, { method = "GET", body }: RequestInit): Response {
  const { pathname, searchParams } = new URL(address, location.origin);
  const sent = typeof body === "string" ? JSON.parse(body) : {};
  const said = answer(state, { method, path: pathname, query: searchParams, body: sent });
  return Response.json(said.body, { status: said.status });
}
