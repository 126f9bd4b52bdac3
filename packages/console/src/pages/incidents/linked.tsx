import { orderVerb, type AlertLinks, type IncidentDetail } from "@outweigh/schema";
import { useState } from "react";
import { Linked } from "../clients/linked.tsx";
import { OrderClient } from "../clients/order.tsx";

/** Accounts that the incident's findings are of together, and one decision about all of them. */
export function LinkedAccounts({ of: it }: { readonly of: IncidentDetail }) {
  const [about, setAbout] = useState<{ readonly gateway: string; readonly names: readonly string[] }>();
  const [first = "", ...group] = about?.names ?? [];
  return (
    <>
      {groupsOf(it).map((linked) => {
        const gateway = gatewayOf(it, linked.members);
        return (
          <Linked
            of={linked}
            retests={[linked.retest]}
            alpha={linked.alpha}
            idOf={(name) => (gateway === undefined ? undefined : `${gateway}:${name}`)}
            onDecide={gateway === undefined ? undefined : () => setAbout({ gateway, names: linked.members })}
            key={linked.members.join("\n")}
          />
        );
      })}
      {about && (
        <OrderClient
          client={{ id: `${about.gateway}:${first}`, principal: first }}
          group={group}
          all
          incident={it.incident.id}
          models={[]}
          onClose={() => setAbout(undefined)}
        />
      )}
    </>
  );
}

/** Each group once, as its last finding told it. */
function groupsOf({ alerts }: IncidentDetail): AlertLinks[] {
  const byMembers = new Map(
    alerts.flatMap(({ linked }) => (linked ? [[linked.members.join("\n"), linked] as const] : [])),
  );
  return [...byMembers.values()];
}

/** The gateway that knows one of them, as what could be ordered says; undefined where none reports. */
function gatewayOf({ options }: IncidentDetail, members: readonly string[]): string | undefined {
  const verbs: readonly string[] = orderVerb.options;
  const found = options.find(({ verb, target }) => verbs.includes(verb) && members.includes(nameIn(target)));
  return found?.target.slice(0, found.target.indexOf(":"));
}

function nameIn(target: string): string {
  return target.slice(target.indexOf(":") + 1);
}
