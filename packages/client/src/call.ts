// What may be asked, sent and answered at each address, from the server's own description.
import type { components, paths } from "./api.ts";

/** The shapes of the API, by name: `Shape["IncidentRow"]`. */
export type Shape = components["schemas"];

type Method = "get" | "post";

/** What takes more than a call: a stream that never ends, and bytes that are no text. */
type Apart =
  | { responses: { 200: { content: { "text/event-stream": unknown } } } }
  | { requestBody: { content: { "application/x-protobuf": unknown } } };

/** Addresses that have a method. */
export type PathOf<M extends Method> = {
  [Path in keyof paths]: paths[Path] extends Record<M, infer Op> ? (Op extends Apart ? never : Path) : never;
}[keyof paths];

type Operation<Path extends keyof paths, M extends Method> = paths[Path] extends Record<M, infer Op> ? Op : never;

/** Values by the names in the address. */
type InPath<Op> = Op extends { parameters: { path: infer Names } }
  ? { readonly path: Names }
  : { readonly path?: never };

/** What is sent: a member that may be left out may be `undefined`, which leaves it out. */
type Sent<T> = T extends readonly (infer One)[]
  ? readonly Sent<One>[]
  : T extends object
    ? {
        readonly [Name in keyof T]: Record<never, never> extends Pick<T, Name>
          ? Sent<T[Name]> | undefined
          : Sent<T[Name]>;
      }
    : T;

type InQuery<Op> = Op extends { parameters: { query: infer Names } }
  ? { readonly query: Sent<Names> }
  : Op extends { parameters: { query?: infer Names } }
    ? [Names] extends [never]
      ? { readonly query?: never }
      : { readonly query?: Sent<Names> }
    : { readonly query?: never };

type Body<Op> = Op extends { requestBody: { content: infer Content } }
  ? { readonly body: Sent<Content[keyof Content]> }
  : Op extends { requestBody?: { content: infer Content } }
    ? { readonly body?: Sent<Content[keyof Content]> }
    : { readonly body?: never };

interface Asked {
  /** Ends the request; the promise is then refused with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

type CallOf<Op> = Asked & InPath<Op> & InQuery<Op> & Body<Op>;

/** What is given with a call; nothing need be, where nothing is needed. */
export type Call<Path extends keyof paths, M extends Method> =
  Record<never, never> extends CallOf<Operation<Path, M>>
    ? [call?: CallOf<Operation<Path, M>>]
    : [call: CallOf<Operation<Path, M>>];

type Answered<Op> = Op extends { responses: { 200: { content: infer Content } } } ? Content[keyof Content] : undefined;

/** What a call answers: an object; a text, of files; `undefined`, where there is no more to say than that it was done. */
export type Answer<Path extends keyof paths, M extends Method> = Answered<Operation<Path, M>>;

/** Addresses of lists, of which a page at a time is answered. */
export type ListPath = {
  [Path in PathOf<"get">]: Operation<Path, "get"> extends { parameters: { query?: { after?: string } } }
    ? Answer<Path, "get"> extends { items: unknown[]; next?: string }
      ? Path
      : never
    : never;
}[PathOf<"get">];

/** A row of a list. */
export type Item<Path extends ListPath> = Answer<Path, "get"> extends { items: (infer One)[] } ? One : never;
