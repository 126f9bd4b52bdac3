import type { AlertRow } from "@outweigh/schema";
import { Facts } from "../../ui/parts.tsx";
import { Muted, Value } from "../../ui/text.tsx";

/** Why a rule matched: the fields it names, with the values they had. */
export function Matched({ of }: { readonly of: AlertRow["matched"] }) {
  if (of.length === 0) return <Muted>The detector counts over many events; no single field made it speak.</Muted>;
  return (
    <Facts
      rows={of.map(({ field, value }, i) => [
        field,
        value === "" ? (
          <Muted key={i}>empty</Muted>
        ) : (
          <Value field={field} key={i}>
            {value}
          </Value>
        ),
      ])}
    />
  );
}
