/** Lines of AWS's application load balancer, which mix bare and quoted fields; see its guide, "Access log entries". */
import { plainAddress } from "../networks.ts";
import { requestFields, type Line } from "./http-lines.ts";
import { timeOf } from "./ocsf.ts";

const kinds = /^(?:https?|h2|grpcs|wss?) (\d{4}-\d\d-\d\dT[\d:.]+Z) \S+ (\S+) \S+ /;

/**
 * `https 2026-11-24T09:00:00.1Z app/lb/50d 203.0.113.9:2817 10.0.0.1:80 0.0 0.1 0.0 200 200 34 366 "GET https://h:443/p HTTP/1.1" "agent" …`.
 * Its byte counts include headers, so they bound a body from above. It names no user.
 */
export function albLine(line: string): Line {
  const head = kinds.exec(line);
  const quote = line.indexOf(' "');
  if (!head || quote < 0) return undefined;
  const [, originalTime = "", client = ""] = head;
  const numbers = line.slice(head[0].length, quote).split(" ");
  const quoted = [...line.slice(quote, quote + maxQuoted).matchAll(/(?<!\\)"((?:[^"\\]|\\.)*)"/g)].map(
    ([, it = ""]) => it,
  );
  const [request = "", agent] = quoted;
  const parsed = /^([A-Z-]{1,20}) (\S+)(?: HTTP\/[\d.]+)?/.exec(request);
  const time = timeOf(originalTime);
  if (time === undefined || numbers.length < 7 || !parsed) return undefined;
  const [, , , status = "-", , , sent = "-"] = numbers;
  const address = /^(.*):(\d+)$/.exec(client);
  const [, method = "", url = ""] = parsed;
  const host = /^[a-z]+:\/\/([^/:]+)/.exec(url)?.[1];
  return {
    request: requestFields("alb", {
      time,
      originalTime,
      ...(address?.[1] !== undefined && { address: plainAddress(address[1].replace(/^\[|\]$/g, "")) }),
      ...(address?.[2] !== undefined && { port: Number(address[2]) }),
      method,
      uri: url.replace(/^[a-z]+:\/\/[^/]*/, "") || "/",
      status: /^\d{3}$/.test(status) ? Number(status) : undefined,
      bytes: /^\d{1,15}$/.test(sent) ? Number(sent) : undefined,
      agent: agent === "-" ? undefined : agent,
      host,
    }),
  };
}

/** Most of a line's quoted part that is read, in UTF-16 units: a load balancer refuses longer request heads. */
const maxQuoted = 256 * 1024;
