/** What of a story it is found by. */
interface Findable {
  readonly members: readonly {
    readonly rule: string;
    readonly principal?: string | undefined;
    readonly linked?: readonly string[] | undefined;
    readonly model?: string | undefined;
  }[];
  readonly addresses: readonly string[];
}

type Key = "principal" | "model" | "address";

/** Rules whose alerts are a story of their principal alone: what two people agreed to must not vanish in another incident of its model. */
const ofPrincipalAlone: ReadonlySet<string> = new Set(["permit-given"]);

/** The model that an alert may share its story with others by. */
export function sharedModel({ rule, model }: Findable["members"][number]): string | undefined {
  return ofPrincipalAlone.has(rule) ? undefined : model;
}

/**
 * Finds open stories by what their alerts have in common, so that one more alert costs nothing but its own few stories,
 * however many others are open. Made from the stories alone: never stored.
 */
export class StoryIndex<Story extends Findable> {
  readonly #found: Readonly<Record<Key, Map<string, Set<Story>>>> = {
    principal: new Map(),
    model: new Map(),
    address: new Map(),
  };
  /** Which of two stories was opened first. */
  readonly #order = new Map<Story, number>();
  #opened = 0;

  open(story: Story): void {
    this.#order.set(story, this.#opened++);
    for (const it of story.members) this.add(story, it);
    for (const it of story.addresses) this.#put("address", it, story);
  }

  add(story: Story, it: Findable["members"][number]): void {
    const { principal, linked = [] } = it;
    const model = sharedModel(it);
    if (principal !== undefined) this.#put("principal", principal, story);
    for (const name of linked) this.#put("principal", name, story);
    if (model !== undefined) this.#put("model", model, story);
  }

  /** Takes a story's addresses in place of those it had. */
  move(story: Story, before: readonly string[]): void {
    const [old, now] = [new Set(before), new Set(story.addresses)];
    for (const it of old) if (!now.has(it)) this.#drop("address", it, story);
    for (const it of now) if (!old.has(it)) this.#put("address", it, story);
  }

  close(story: Story): void {
    this.#order.delete(story);
    for (const it of story.members) {
      const { principal, linked = [] } = it;
      const model = sharedModel(it);
      if (principal !== undefined) this.#drop("principal", principal, story);
      for (const name of linked) this.#drop("principal", name, story);
      if (model !== undefined) this.#drop("model", model, story);
    }
    for (const it of story.addresses) this.#drop("address", it, story);
  }

  /** The stories with this value, in the order in which they were opened. */
  with(key: Key, value: string | undefined): Story[] {
    const found = value === undefined ? undefined : this.#found[key].get(value);
    if (!found) return [];
    return [...found].sort((a, b) => (this.#order.get(a) ?? 0) - (this.#order.get(b) ?? 0));
  }

  #put(key: Key, value: string, story: Story): void {
    const known = this.#found[key].get(value);
    if (known) known.add(story);
    else this.#found[key].set(value, new Set([story]));
  }

  #drop(key: Key, value: string, story: Story): void {
    const known = this.#found[key].get(value);
    known?.delete(story);
    if (known?.size === 0) this.#found[key].delete(value);
  }
}
