// As much of Protocol Buffers as OTLP's requests need: the wire format, read by tables of fields, into what their JSON form would give.

/** Most fields of one document, of all its messages together: each costs some tens of bytes of memory, whatever it costs on the wire. */
const maxFields = 2_000_000;
/** Deepest nesting of messages: a span's attribute lies five deep, and a value in it may nest. */
const maxDepth = 32;

/** How a field's bytes are read. `id` is bytes as hexadecimal, as OTLP's JSON writes ids of traces and spans. */
type FieldType = "text" | "bytes" | "id" | "switch" | "integer" | "long" | "double" | "time" | Fields;

export interface Field {
  readonly name: string;
  readonly type: FieldType | (() => Fields);
  readonly isList?: true;
}

/** The known fields of a message, by number. Others are passed over. */
export type Fields = ReadonlyMap<number, Field>;

/** Why bytes are no such message. */
export class ProtobufError extends Error {
  override readonly name = "ProtobufError";
  readonly code: "CUT" | "BAD_VARINT" | "BAD_TAG" | "BAD_TYPE" | "TOO_DEEP" | "TOO_MANY";

  constructor(code: ProtobufError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Fields read in one go, where others wait: some milliseconds. */
const sliceFields = 1000;

/** @throws {ProtobufError} */
export function readProtobuf(bytes: Uint8Array, fields: Fields): Record<string, unknown> {
  const slices = readInSlices(bytes, fields);
  for (;;) {
    const { done, value } = slices.next();
    if (done === true) return value;
  }
}

/** As `readProtobuf`, with a pause after every few fields, however they nest. @throws {ProtobufError} */
export function readInSlices(bytes: Uint8Array, fields: Fields): Generator<undefined, Record<string, unknown>> {
  return new Reader(bytes).message(fields, bytes.length, 0);
}

type Scalar = string | number | boolean;

class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  #fields = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  *message(fields: Fields, end: number, depth: number): Generator<undefined, Record<string, unknown>> {
    if (depth > maxDepth) throw new ProtobufError("TOO_DEEP", `messages nested deeper than ${maxDepth}`);
    const value: Record<string, unknown> = {};
    while (this.#at < end) {
      if (++this.#fields > maxFields) throw new ProtobufError("TOO_MANY", `more than ${maxFields} fields`);
      if (this.#fields % sliceFields === 0) yield;
      const start = this.#at;
      const tag = this.#number(end);
      const [number, wire] = [tag >>> 3, tag & 7];
      if (number === 0) throw new ProtobufError("BAD_TAG", `no field begins at byte ${start}`);
      const field = fields.get(number);
      if (!field) {
        this.#skip(wire, end, start);
        continue;
      }
      const type = typeof field.type === "function" ? field.type() : field.type;
      if (wire !== wireOf(type))
        throw new ProtobufError("BAD_TYPE", `the field at byte ${start} has the wire type ${wire}`);
      if (typeof type === "string") put(value, field, this.#scalar(type, end));
      else put(value, field, yield* this.message(type, this.#length(end), depth + 1));
    }
    return value;
  }

  #scalar(type: Exclude<FieldType, Fields>, end: number): Scalar {
    switch (type) {
      case "switch":
        return this.#varint(end) !== 0n;
      case "integer":
        return Number(BigInt.asIntN(32, this.#varint(end)));
      case "long":
        return String(BigInt.asIntN(64, this.#varint(end)));
      case "double":
        return this.#bytes.readDoubleLE(this.#fixed(8, end));
      case "time":
        return String(this.#bytes.readBigUInt64LE(this.#fixed(8, end)));
      case "text":
      case "id":
      case "bytes": {
        const until = this.#length(end);
        const from = this.#at;
        this.#at = until;
        return this.#bytes.toString(type === "text" ? "utf8" : type === "id" ? "hex" : "base64", from, until);
      }
    }
  }

  /** Passes over a field that we do not know. Groups are long gone from the format. */
  #skip(wire: number, end: number, start: number): void {
    if (wire === 0) this.#varint(end);
    else if (wire === 1) this.#fixed(8, end);
    else if (wire === 2) this.#at = this.#length(end);
    else if (wire === 5) this.#fixed(4, end);
    else throw new ProtobufError("BAD_TYPE", `the field at byte ${start} has the wire type ${wire}`);
  }

  /** Where the bytes end whose length stands here. */
  #length(end: number): number {
    const length = this.#number(end);
    if (length > end - this.#at) throw cut(this.#at);
    return this.#at + length;
  }

  #fixed(bytes: number, end: number): number {
    const at = this.#at;
    if (end - at < bytes) throw cut(at);
    this.#at += bytes;
    return at;
  }

  /** A tag or a length: 32 bits, seven in a byte, the lowest first. */
  #number(end: number): number {
    const start = this.#at;
    let value = 0;
    for (let i = 0; i < 5; i++) {
      if (this.#at >= end) throw cut(start);
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte >= 0x80) continue;
      if (value > 0xffff_ffff) break;
      return value;
    }
    throw new ProtobufError("BAD_VARINT", `the number at byte ${start} is longer than 32 bits`);
  }

  /** 64 bits, in at most ten bytes. */
  #varint(end: number): bigint {
    const start = this.#at;
    let value = 0n;
    for (let i = 0; i < 10; i++) {
      if (this.#at >= end) throw cut(start);
      const byte = this.#bytes[this.#at++] ?? 0;
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new ProtobufError("BAD_VARINT", `a number at byte ${start} does not end`);
  }
}

function put(message: Record<string, unknown>, { name, isList }: Field, value: Scalar | Record<string, unknown>): void {
  const list = message[name];
  if (!isList) message[name] = value;
  else if (Array.isArray(list)) list.push(value);
  else message[name] = [value];
}

function wireOf(type: FieldType): number {
  if (type === "switch" || type === "integer" || type === "long") return 0;
  return type === "double" || type === "time" ? 1 : 2;
}

function cut(at: number): ProtobufError {
  return new ProtobufError("CUT", `the message ends inside the field at byte ${at}`);
}
