import { Menu as Floating } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";
import s from "./float.module.css";

export interface MenuItem {
  readonly label: ReactNode;
  /** What stands at its end: the state it is in, or what it means. */
  readonly about?: string;
  readonly onClick: () => void;
}

export interface MenuProps {
  /** The button that opens it. */
  readonly children: ReactElement;
  readonly groups: readonly { readonly label: string; readonly items: readonly MenuItem[] }[];
}

/** A few choices behind a button. */
export function Menu({ children, groups }: MenuProps) {
  return (
    <Floating position="bottom-start" offset={4} width={240} transitionProps={{ duration: 0 }}>
      <Floating.Target>{children}</Floating.Target>
      <Floating.Dropdown className={s.float ?? ""}>
        {groups.map(({ label, items }, i) => (
          <div key={label}>
            {i > 0 && <Floating.Divider className={s.divider ?? ""} />}
            <Floating.Label className={s.label ?? ""}>{label}</Floating.Label>
            {items.map((it, at) => (
              <Floating.Item className={s.option ?? ""} onClick={it.onClick} key={at}>
                {it.label}
                {it.about && <span className="about">{it.about}</span>}
              </Floating.Item>
            ))}
          </div>
        ))}
      </Floating.Dropdown>
    </Floating>
  );
}
