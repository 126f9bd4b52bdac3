/** Why a request ends here: status, code for machines, sentence for people. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Seconds after which asking again makes sense. */
  readonly retryAfter?: number;
  /** Clients' libraries retry 429 and 5xx by themselves: false tells them not to. */
  readonly shouldRetry?: false;
  /** More header fields, flat: name, value, name, value. */
  readonly headers?: readonly string[];
  /** Whether the owner should hear of it: it says something of the client's intent. */
  readonly telling?: true;
  /** How the clients of the route's protocol expect it, where that is known. */
  readonly shape?: ErrorShape;
}

export function refuse(status: number, code: string, message: string, more: Partial<Refusal> = {}): Refusal {
  return { status, code, message, ...more };
}

/** How a protocol's clients expect an error: an object, or its text alone. */
export type ErrorShape = "object" | "text";

/** The body of a refusal. Every official client shows `message`; `contact` says whom to ask. */
export function refusalBody({ status, code, message }: Refusal, shape: ErrorShape, contact: string): string {
  const said = `${message} (${code}). Ask ${contact}.`;
  if (shape === "text") return JSON.stringify({ error: said, error_type: code });
  return JSON.stringify({ type: "error", error: { type: typeOf(status), code, message: said, param: null, contact } });
}

/** The words that both large APIs use for these statuses. */
function typeOf(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 404) return "not_found_error";
  if (status === 413) return "request_too_large";
  if (status === 429) return "rate_limit_error";
  return status < 500 ? "invalid_request_error" : "api_error";
}
