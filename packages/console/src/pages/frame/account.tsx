import { useQuery } from "@tanstack/react-query";
import { decide, sessionQuery } from "../../api/queries.ts";
import { zoneName } from "../../format/time.ts";
import { prefer, usePreferences, type Preferences } from "../../preferences.ts";
import { isSample } from "../../sample/mode.ts";
import { Menu } from "../../ui/menu.tsx";
import { Shown } from "../../ui/text.tsx";

const themes = { system: "As the system", dark: "Dark", light: "Light" } as const;
const densities = { compact: "Compact", comfortable: "Comfortable" } as const;

/** Who one is, and how one likes to read. */
export function Account({ className }: { readonly className: string }) {
  const { data } = useQuery(sessionQuery);
  const preferences = usePreferences();
  const item = <Name extends keyof Preferences>(name: Name, value: Preferences[Name], label: string) => ({
    label,
    onClick: () => prefer({ [name]: value }),
    ...(preferences[name] === value && { about: "✓" }),
  });
  const groups = [
    { label: "Theme", items: keys(themes).map((it) => item("theme", it, themes[it])) },
    { label: "Rows", items: keys(densities).map((it) => item("density", it, densities[it])) },
    {
      label: "Times",
      items: [item("zone", "utc", "UTC"), item("zone", "local", `This clock, ${zoneName(Date.now(), "local")}`)],
    },
  ];
  const out = {
    label: "Sign this browser out",
    onClick: () => void decide.signOut().finally(() => location.reload()),
  };
  const session = { label: "Session", items: [out] };
  return (
    <Menu groups={isSample ? groups : [...groups, session]} className={className}>
      <Shown>{data?.user.name ?? "Preferences"}</Shown>
      <span>{data?.user.role}</span>
    </Menu>
  );
}

function keys<Name extends string>(table: Readonly<Record<Name, string>>): Name[] {
  return Object.keys(table) as Name[];
}
