import type { Lender } from "../admission/lender.ts";
import type { Client, Clients } from "../front/clients.ts";
import { CountersFile, type Counted } from "./counters-file.ts";

/** Whose counters are kept, and where what cannot be is told. */
interface KeeperParts {
  readonly file: CountersFile;
  readonly lender: Lender;
  readonly clients: Clients;
  /** The client of a principal; undefined for whoever has no key here any more. */
  readonly clientOf: (principal: string) => Client | undefined;
  readonly forgot: (problem: string) => void;
}

/** Keeps counters and budgets over a restart. */
export class Keeper {
  readonly #parts: KeeperParts;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** Takes back what was counted, before the first request. */
  async recall(): Promise<void> {
    const { file, lender, clientOf, forgot } = this.#parts;
    const { counters, refused } = file.read();
    if (refused !== undefined)
      forgot(`what clients took is not taken: ${refused}: counters begin at nothing, budgets full`);
    lender.restore(counters?.accounts ?? []);
    for (const { principal, ...counts } of counters?.clients ?? []) Object.assign(clientOf(principal) ?? {}, counts);
    await this.keep();
  }

  /** Called every few seconds, and after the last request. */
  async keep(): Promise<void> {
    await this.#parts.file.write(this.#counters()).catch((error: unknown) => this.#failed(error));
  }

  #counters() {
    const { clients, lender } = this.#parts;
    return { clients: clients.all().map(countedOf), accounts: lender.used(Date.now()) };
  }

  #failed(error: unknown): void {
    this.#parts.forgot(`what clients take cannot be kept: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function countedOf({
  principal,
  requests,
  denied,
  inputTokens,
  outputTokens,
  informationBits,
  lastAt,
}: Client): Counted {
  return { principal, requests, denied, inputTokens, outputTokens, informationBits, lastAt };
}
