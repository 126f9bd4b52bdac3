import { HeadlessMantineProvider, Menu } from "@mantine/core";
import type { MenuProps } from "./menu.tsx";
import s from "./float.module.css";

/**
 * The menu itself: placed where there is room, walked by arrows, closed by Escape. Headless: Mantine would otherwise
 * write style elements through innerHTML, which our policy forbids.
 */
export function FloatingMenu({ children, className, groups }: MenuProps) {
  return (
    <HeadlessMantineProvider>
      <Menu defaultOpened position="bottom-start" offset={4} transitionProps={{ duration: 0 }}>
        <Menu.Target>
          <button type="button" className={className}>
            {children}
          </button>
        </Menu.Target>
        <Menu.Dropdown className={`${s.float} ${s.menu}`}>
          {groups.map(({ label, items }, i) => (
            <div key={label}>
              {i > 0 && <Menu.Divider className={s.divider ?? ""} />}
              <Menu.Label className={s.label ?? ""}>{label}</Menu.Label>
              {items.map((it, at) => (
                <Menu.Item className={s.option ?? ""} onClick={it.onClick} key={at} rightSection={it.about}>
                  {it.label}
                </Menu.Item>
              ))}
            </div>
          ))}
        </Menu.Dropdown>
      </Menu>
    </HeadlessMantineProvider>
  );
}
