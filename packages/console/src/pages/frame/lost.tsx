import { Link, useRouter, type ErrorComponentProps } from "@tanstack/react-router";
import { Empty, Failed } from "../../ui/states.tsx";

/** An address that leads nowhere. */
export function Lost() {
  return (
    <Empty title="There is no such page">
      <p>
        The address leads nowhere. The open incidents are at <Link to="/incidents">Incidents</Link>.
      </p>
    </Empty>
  );
}

/** A page that broke: the rest of the console still works. */
export function PageFailed({ error }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <Failed
      what="This page failed"
      error={error instanceof Error ? error : new Error(String(error))}
      stillWorks="The other pages still work; nothing that you decided is lost."
      again={() => void router.invalidate()}
    />
  );
}
