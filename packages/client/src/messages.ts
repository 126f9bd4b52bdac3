import { ApiError } from "./error.ts";

/** Longest message that is read, in UTF-16 units: the server's are a line. */
const maxMessageLength = 100_000;

/**
 * The data of each message of a stream of server-sent events; ids, names and comments are passed over. Ends when the stream does. Whoever
 * stops to iterate ends the stream.
 *
 * @throws {ApiError} UNKNOWN_ANSWER for a message that is too long. Source: HTML Living Standard §9.2.6, for lines that end in LF.
 */
export async function* messagesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of stream) {
    const parts = (rest + decoder.decode(piece, { stream: true })).split("\n\n");
    rest = parts.pop() ?? "";
    if (rest.length > maxMessageLength)
      throw new ApiError(
        "UNKNOWN_ANSWER",
        `the server sent a message of more than ${maxMessageLength} characters`,
        200,
      );
    for (const part of parts) {
      const data = part.split("\n").filter((it) => it.startsWith("data:"));
      if (data.length > 0) yield data.map((it) => it.slice("data:".length).replace(/^ /, "")).join("\n");
    }
  }
}
