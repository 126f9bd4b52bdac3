/** Everything that can go wrong in a way that a person or a program may want to tell apart. Stable: codes are public. */
export type ServerErrorCode =
  | "BAD_REQUEST"
  | "BAD_FILTER"
  | "NOT_SIGNED_IN"
  | "BAD_LINK"
  | "BAD_SIGN_IN"
  | "BAD_CODE"
  | "CODE_NEEDED"
  | "NO_ROLE"
  | "PROVIDER_UNAVAILABLE"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "CONFLICT"
  | "TOO_LARGE"
  | "TOO_MANY"
  | "TOO_SLOW"
  | "BUSY"
  | "ACTION_REFUSED"
  | "EVENTS_UNAVAILABLE"
  | "STATE_UNAVAILABLE"
  | "NO_ENGINE"
  | "NO_POSTGRES"
  | "DATA_IN_USE"
  | "DATA_NOT_OURS"
  | "PORT_TAKEN"
  | "SOURCE_REFUSED"
  | "CONNECTION_UNKNOWN"
  | "CLOSED"
  | "INTERNAL";

const statuses: Record<ServerErrorCode, number> = {
  BAD_REQUEST: 400,
  BAD_FILTER: 400,
  NOT_SIGNED_IN: 401,
  BAD_LINK: 401,
  BAD_SIGN_IN: 401,
  BAD_CODE: 401,
  CODE_NEEDED: 401,
  NO_ROLE: 403,
  PROVIDER_UNAVAILABLE: 503,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  TOO_LARGE: 413,
  TOO_MANY: 429,
  TOO_SLOW: 408,
  BUSY: 503,
  ACTION_REFUSED: 409,
  EVENTS_UNAVAILABLE: 503,
  STATE_UNAVAILABLE: 503,
  NO_ENGINE: 500,
  NO_POSTGRES: 500,
  DATA_IN_USE: 500,
  DATA_NOT_OURS: 500,
  PORT_TAKEN: 500,
  SOURCE_REFUSED: 500,
  CONNECTION_UNKNOWN: 500,
  CLOSED: 503,
  INTERNAL: 500,
};

/** The codes that become one HTTP status. */
export function codesOf(status: number): string[] {
  return Object.entries(statuses).flatMap(([code, it]) => (it === status ? [code] : []));
}

/** The server's one error class. `message` is for people and says what to do; `status` is the HTTP answer it becomes. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly code: ServerErrorCode;

  constructor(code: ServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get status(): number {
    return statuses[this.code];
  }
}
