/** Why an order was not done: a sentence for who gave it. Nothing was changed. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** An order that changes the host: how it is done, looked at, and taken back. All that undoing needs is in the record, as plain JSON. */
export interface Change<Order, Record> {
  /** What doing it means now. Changes nothing. @throws {Refused} */
  plan(order: Order, id: string): Promise<Record> | Record;
  /** Does it, or throws and leaves everything as it was. */
  apply(record: Record): Promise<void> | void;
  /** A sentence about what is wrong; undefined if it is done. */
  verify(record: Record): Promise<string | undefined> | string | undefined;
  /** Takes it back. @throws {Refused} */
  undo(record: Record): Promise<void> | void;
}
