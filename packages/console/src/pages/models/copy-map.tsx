import type { CopyRow, ModelDetail } from "@outweigh/schema";
import { plural, size } from "../../format/size.ts";
import { Section } from "../../ui/parts.tsx";
import { Middle, Muted, Shown } from "../../ui/text.tsx";
import { Ago } from "../../ui/when.tsx";
import { byHost, placeWord, readersOf, type HostCopies } from "./copies.ts";
import s from "./models.module.css";

/** Every copy, host by host, undeclared ones first; and the declared places into which no scan looked. */
export function CopyMap({ of: it }: { readonly of: ModelDetail }) {
  const hosts = byHost(it.copies);
  const unseen = it.places.filter((place) => !place.startsWith("file:"));
  return (
    <Section title="Copy map" aside={<Muted>{plural(it.copies.length, "copy", "copies")}</Muted>}>
      {hosts.length === 0 && <Muted>No scan has found a copy. That says nothing of hosts that were not scanned.</Muted>}
      {hosts.map((host) => (
        <Host of={host} key={host.host} />
      ))}
      {unseen.length > 0 && (
        <div className={s.host}>
          <h3>Beyond this scan</h3>
          <Muted>declared places whose files no scan reads; reads from them are booked</Muted>
        </div>
      )}
      {unseen.map((place) => (
        <div className={s.place} key={place}>
          <Middle>{place}</Middle>
        </div>
      ))}
    </Section>
  );
}

function Host({ of: { host, undeclared, copies } }: { readonly of: HostCopies }) {
  return (
    <>
      <div className={s.host}>
        <h3>
          <Shown>{host}</Shown>
        </h3>
        <Muted>
          {plural(copies.length, "copy", "copies")}
          {undeclared > 0 ? `, ${undeclared} undeclared` : ", all accounted for"}
        </Muted>
      </div>
      <table className={s.table}>
        <thead>
          <tr>
            <th scope="col" style={{ width: 104 }}>
              Place
            </th>
            <th scope="col">Path</th>
            <th scope="col" style={{ width: 108 }}>
              Format
            </th>
            <th scope="col" className={s.num} style={{ width: 76 }}>
              Size
            </th>
            <th scope="col" style={{ width: "20%" }}>
              Who can read it
            </th>
            <th scope="col" className={s.num} style={{ width: 72 }}>
              Seen
            </th>
          </tr>
        </thead>
        <tbody>
          {copies.map((it) => (
            <Copy of={it} key={it.id} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function Copy({ of: it }: { readonly of: CopyRow }) {
  const word = placeWord(it);
  const loud = it.state === "present" && it.declared === false;
  return (
    <tr>
      <td>{loud ? <strong>{word}</strong> : <Muted>{word}</Muted>}</td>
      <td>
        <Middle copy>{it.container ? `${it.container} » ${it.path}` : it.path}</Middle>
      </td>
      <td>
        <Shown>{it.format}</Shown>
        {!it.complete && <Muted> · in part</Muted>}
      </td>
      <td className={s.num}>{size(it.bytes)}</td>
      <td>{it.readableBy.length === 0 ? <Muted>{readersOf(it)}</Muted> : <Shown>{readersOf(it)}</Shown>}</td>
      <td className={s.num}>
        <Ago at={it.lastSeenAt} />
      </td>
    </tr>
  );
}
