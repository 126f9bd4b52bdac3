// Folders that web servers of this host give away: what nginx and Apache are configured to serve, read from their files.
import type { Machine } from "../machine.ts";
import { maxConfigFiles, maxIncludeDepth } from "../limits.ts";
import { commandOf, withFix, type Ways } from "../way.ts";

/** One directive with its block, as nginx writes them. */
interface Directive {
  readonly words: readonly string[];
  readonly file: string;
  readonly line: number;
  readonly block?: readonly Directive[];
}

/**
 * Locations of nginx above weights that ask for nothing. Source: nginx's own configuration format.
 * Blind spot: rewrites, `if`, Lua, maps, and an authentication that another server in front does.
 */
export function findNginx(machine: Machine, ways: Ways): void {
  ways.looked("web-folder");
  const files = { left: maxConfigFiles };
  for (const server of named(readNginx("/etc/nginx/nginx.conf", machine, ways, files, 0), "server")) {
    const listens = (server.block ?? []).filter((it) => it.words[0] === "listen").map((it) => it.words[1] ?? "");
    if (listens.length > 0 && listens.every(isLoopback)) continue;
    visit(server, { path: "", root: undefined, lists: false, closed: false }, ways);
  }
}

interface Inherited {
  readonly path: string;
  readonly root: string | undefined;
  readonly lists: boolean;
  readonly closed: boolean;
}

function visit(block: Directive, above: Inherited, ways: Ways): void {
  const inside = block.block ?? [];
  const value = (name: string) => inside.find((it) => it.words[0] === name);
  const closing = ["auth_basic", "auth_request", "auth_jwt", "internal", "secure_link", "return", "proxy_pass"];
  const closed =
    above.closed ||
    closing.some((it) => value(it) !== undefined && value(it)?.words[1] !== "off") ||
    inside.some((it) => it.words[0] === "deny" && it.words[1] === "all") ||
    value("ssl_verify_client")?.words[1] === "on";
  const here: Inherited = {
    path:
      block.words[0] === "location" && !/^[~@]/.test(block.words[1] ?? "") ? (block.words.at(-1) ?? "") : above.path,
    root: value("root")?.words[1] ?? above.root,
    lists: (value("autoindex")?.words[1] ?? (above.lists ? "on" : "off")) === "on",
    closed,
  };
  const alias = value("alias")?.words[1];
  const served = alias ?? (here.root && `${here.root}${block.words[0] === "location" ? here.path : ""}`);
  // Without an index, names must be known; a server that lists tells them.
  if (served !== undefined && !closed && served.startsWith("/") && !served.includes("$")) {
    const where = value("autoindex") ?? value("alias") ?? value("root") ?? block;
    ways.add({
      kind: "web-folder",
      steps: [
        {
          from: "network peer",
          to: "",
          how: here.lists
            ? `nginx lists ${served} and gives its files to everybody`
            : `nginx gives the files of ${served} to everybody who knows their names`,
          basis: "verified",
          proof: `${where.file}:${where.line}: ${where.words.join(" ").slice(0, 200)}`,
          effort: here.lists ? "hand" : "look",
        },
      ],
      reaches: { at: "files", paths: [served.replace(/(.)\/+$/, "$1")] },
      ...withFix(commandOf`sed -i ${`${block.line}a deny all;`} ${block.file}`),
    });
  }
  for (const it of inside) if (it.words[0] === "location") visit(it, here, ways);
}

function isLoopback(address: string): boolean {
  return /^(?:127\.|\[::1\]|localhost|unix:)/.test(address);
}

/** All blocks of this name, whatever block they stand in. */
function named(all: readonly Directive[], name: string): Directive[] {
  return all.flatMap((it) => (it.words[0] === name ? [it] : named(it.block ?? [], name)));
}

function readNginx(path: string, machine: Machine, ways: Ways, files: { left: number }, depth: number): Directive[] {
  if (depth > maxIncludeDepth || files.left-- <= 0) {
    ways.missed("web-folder", `${path}: more files or deeper includes than are read`);
    return [];
  }
  const told = machine.read(path);
  if (told.state === "closed") ways.missed("web-folder", `${path}: ${told.why}`);
  if (told.state !== "read") return [];
  return parseNginx(told.text, path, (pattern) =>
    matching(pattern, machine, ways).flatMap((it) => readNginx(it, machine, ways, files, depth + 1)),
  );
}

/** Files that an include names: a path, or a pattern in its last part. */
function matching(pattern: string, machine: Machine, ways: Ways): string[] {
  const whole = pattern.startsWith("/") ? pattern : `/etc/nginx/${pattern}`;
  const folder = whole.slice(0, whole.lastIndexOf("/"));
  const last = whole.slice(folder.length + 1);
  if (!last.includes("*")) return [whole];
  const names = machine.names(folder);
  if (!names) ways.missed("web-folder", `${folder} may not be read`);
  const [before = "", after = ""] = [last.slice(0, last.indexOf("*")), last.slice(last.lastIndexOf("*") + 1)];
  return (names ?? []).filter((it) => it.startsWith(before) && it.endsWith(after)).map((it) => `${folder}/${it}`);
}

/** Reads nginx's words, blocks and comments. What stands open at the end is closed there. */
function parseNginx(text: string, file: string, include: (pattern: string) => readonly Directive[]): Directive[] {
  const top: Directive[] = [];
  const open: { words: string[]; line: number; block: Directive[] }[] = [{ words: [], line: 1, block: top }];
  let words: string[] = [];
  let line = 1;
  let start = 1;
  const word = /\s+|#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[;{}]|[^\s;{}]+/g;
  for (const [token] of text.matchAll(word)) {
    const here = open.at(-1)?.block ?? top;
    if (token === ";") {
      if (words[0] === "include" && words[1] !== undefined) here.push(...include(words[1]));
      else if (words.length > 0) here.push({ words, file, line: start });
      words = [];
    } else if (token === "{") {
      // Deeper than any sane configuration: flattened, so that a hostile one costs no stack.
      if (open.length < 64) open.push({ words, line: start, block: [] });
      words = [];
    } else if (token === "}") {
      const done = open.length > 1 ? open.pop() : undefined;
      if (done) open.at(-1)?.block.push({ words: done.words, file, line: done.line, block: done.block });
      words = [];
    } else if (!/^\s/.test(token) && !token.startsWith("#")) {
      if (words.length === 0) start = line;
      words.push(/^["']/.test(token) ? token.slice(1, -1) : token);
    }
    line += token.split("\n").length - 1;
  }
  for (let done = open.length > 1 ? open.pop() : undefined; done; done = open.length > 1 ? open.pop() : undefined) {
    open.at(-1)?.block.push({ words: done.words, file, line: done.line, block: done.block });
  }
  return top;
}

const apacheFolders = ["/etc/apache2/sites-enabled", "/etc/apache2/conf-enabled", "/etc/httpd/conf.d"];
const apacheFiles = ["/etc/apache2/apache2.conf", "/etc/httpd/conf/httpd.conf"];

/**
 * Folders that Apache serves to everybody. Source: Apache's documentation of Directory, Require and Options.
 * Blind spot: .htaccess, nested conditions, modules that authenticate.
 */
export function findApache(machine: Machine, ways: Ways): void {
  ways.looked("web-folder");
  const more = apacheFolders.flatMap((folder) => {
    const names = machine.names(folder);
    if (!names) ways.missed("web-folder", `${folder} may not be read`);
    return (names ?? []).filter((it) => it.endsWith(".conf")).map((it) => `${folder}/${it}`);
  });
  for (const path of [...apacheFiles, ...more]) {
    const told = machine.read(path);
    if (told.state === "closed") ways.missed("web-folder", `${path}: ${told.why}`);
    if (told.state !== "read") continue;
    const served = [...told.text.matchAll(/^\s*(?:DocumentRoot|Alias\s+\S+)\s+"?([^"\n]+?)"?\s*$/gim)].map(
      ([, it = ""]) => it,
    );
    for (const block of told.text.matchAll(/<Directory\s+"?([^">\n]+?)"?\s*>([\s\S]*?)<\/Directory>/gi)) {
      const [, folder = "", inside = ""] = block;
      const isServed = served.some(
        (it) =>
          it === folder ||
          it.startsWith(`${folder.replace(/\/$/, "")}/`) ||
          folder.startsWith(`${it.replace(/\/$/, "")}/`),
      );
      if (folder === "/" || !isServed || !/^\s*Require\s+all\s+granted/im.test(inside) || /^\s*AuthType/im.test(inside))
        continue;
      const line = told.text.slice(0, block.index).split("\n").length;
      const lists = /^\s*Options\b[^\n]*(?<!-)\bIndexes\b/im.test(inside);
      ways.add({
        kind: "web-folder",
        steps: [
          {
            from: "network peer",
            to: "",
            how: lists
              ? `Apache lists ${folder} and gives its files to everybody`
              : `Apache gives the files of ${folder} to everybody who knows their names`,
            basis: "verified",
            proof: `${path}:${line}: <Directory ${folder}> Require all granted${lists ? ", Options Indexes" : ""}`,
            effort: lists ? "hand" : "look",
          },
        ],
        reaches: { at: "files", paths: [folder.replace(/(.)\/+$/, "$1")] },
        ...withFix(commandOf`sed -i ${`${line},/<\\/Directory>/s/Require all granted/Require all denied/`} ${path}`),
      });
    }
  }
}
