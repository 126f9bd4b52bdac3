import type { IncidentRow } from "@outweigh/schema";
import { useMutation } from "@tanstack/react-query";
import { addresses } from "../../api/address.ts";
import { keep } from "../../api/client.ts";
import { Button } from "../../ui/button.tsx";
import { Problem } from "../../ui/states.tsx";
import { Muted } from "../../ui/text.tsx";

/** The incident's part of the evidence, as a file. */
export function Pack({ of: it }: { readonly of: IncidentRow }) {
  const pack = useMutation({ mutationFn: () => keep(addresses.pack(it.id), `incident-${it.number}.pack`) });
  return (
    <>
      <p style={{ paddingBottom: 8 }}>
        <Button onClick={() => pack.mutate()} disabled={pack.isPending}>
          Take this incident's evidence as a pack
        </Button>
        <Muted> outweigh verify checks it on any machine</Muted>
      </p>
      {pack.error && <Problem error={pack.error} />}
    </>
  );
}
