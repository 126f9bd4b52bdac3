/**
 * What the server refused or could not do, or why it was not heard.
 *
 * `code` is the server's own (`NOT_FOUND`, `FORBIDDEN`, `BAD_FILTER` …), or one of four of ours: `NOT_REACHED`, no connection;
 * `NO_ANSWER`, not in time; `UNKNOWN_ANSWER`, not what the API answers; `HTTP_502` and its like, refused by something that is not the
 * server. `status` is the HTTP status, 0 where no answer came or nothing was asked. The message is in the server's words: show it as text.
 */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = status;
  }
}
