import type { OcsfEvent } from "@outweigh/schema";
import { Block, Facts, Section } from "../../ui/parts.tsx";
import { Copy, Muted, Value } from "../../ui/text.tsx";
import { flatFields, maxFields, readable } from "./what.ts";

/** An event whole: its record as it arrived, and its fields, each of which can be hunted for. */
export function EventRecord({ of: it }: { readonly of: OcsfEvent }) {
  const fields = flatFields(it);
  return (
    <>
      <Section title="Record as it arrived" aside={it.raw_data !== undefined && <Copy text={it.raw_data} />}>
        {it.raw_data === undefined ? (
          <Muted>The source does not keep it.</Muted>
        ) : (
          <Block label="Record as it arrived">{readable(it.raw_data)}</Block>
        )}
      </Section>
      <Section title="Fields">
        <Facts
          rows={fields.map(({ name, value }) => [
            name,
            value === "" ? (
              <Muted key={name}>empty</Muted>
            ) : (
              <Value field={name} key={name}>
                {value}
              </Value>
            ),
          ])}
        />
        {fields.length >= maxFields && <Muted>{`only the first ${maxFields} fields are listed`}</Muted>}
      </Section>
    </>
  );
}
