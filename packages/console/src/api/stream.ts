/** Most characters of one message that are kept: ours are a line. */
const maxMessage = 100_000;

/**
 * Cuts a stream of server-sent events into its data: give it the text as it comes. Names, ids and comments are passed over;
 * a message that is too long is dropped. Source: HTML Living Standard §9.2.6, for lines that end in LF.
 */
export function makeCutter(): (text: string) => string[] {
  let rest = "";
  return (text) => {
    const parts = (rest + text).split("\n\n");
    rest = parts.pop() ?? "";
    if (rest.length > maxMessage) rest = "";
    return parts.flatMap((part) => {
      const data = part.split("\n").filter((it) => it.startsWith("data:"));
      return data.length === 0 ? [] : [data.map((it) => it.slice("data:".length).replace(/^ /, "")).join("\n")];
    });
  };
}
