import { visible } from "../text/visible.ts";

/** Something wrong in a configuration file, and where: line and column count from 1. */
export interface Mistake {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The way to it: `models[0].class`. Empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** As compilers write it, so that editors can jump there: `outweigh.yml:7:12: models[0].class: …`. */
export function mistakeText({ file, line, column, path, message }: Mistake): string {
  return `${visible(file)}:${line}:${column}: ${path === "" ? "" : `${visible(path)}: `}${visible(message)}`;
}

/** `models[0].places[1]`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, it) => {
    if (typeof it === "number") return `${text}[${it}]`;
    return text === "" ? String(it) : `${text}.${String(it)}`;
  }, "");
}
