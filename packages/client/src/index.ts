export { ask, type Heard, type Manners } from "./ask.ts";
export type { Answer, Call, Item, ListPath, PathOf, Shape } from "./call.ts";
export { ApiError } from "./error.ts";
export { outweigh, type Api, type Options } from "./outweigh.ts";
