import { lazy, Suspense, useState, type ReactNode } from "react";

const FloatingMenu = lazy(() => import("./floating-menu.tsx").then((it) => ({ default: it.FloatingMenu })));

interface MenuItem {
  readonly label: ReactNode;
  /** What stands at its end: the state it is in, or what it means. */
  readonly about?: string;
  readonly onClick: () => void;
}

export interface MenuProps {
  /** What stands on the button that opens it, and how that looks. */
  readonly children: ReactNode;
  readonly className: string | undefined;
  readonly groups: readonly { readonly label: string; readonly items: readonly MenuItem[] }[];
}

/** A few choices behind a button. What draws them is loaded with the first click. */
export function Menu(props: MenuProps) {
  const [asked, setAsked] = useState(false);
  const closed = (
    <button type="button" className={props.className} aria-haspopup="menu" onClick={() => setAsked(true)}>
      {props.children}
    </button>
  );
  if (!asked) return closed;
  return (
    <Suspense fallback={closed}>
      <FloatingMenu {...props} />
    </Suspense>
  );
}
