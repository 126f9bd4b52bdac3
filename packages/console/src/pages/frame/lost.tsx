import { Link, useRouter, type ErrorComponentProps } from "@tanstack/react-router";
import { Button } from "../../ui/button.tsx";
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

/** What browsers say of a module that is not there any more: Chromium, Firefox, Safari. */
const gone = /dynamically imported module|Importing a module script failed/;

/** A page that broke: the rest of the console still works. A part that is gone was renewed: then loading anew is the way. */
export function PageFailed({ error }: ErrorComponentProps) {
  const router = useRouter();
  if (error instanceof Error && gone.test(error.message)) {
    return (
      <Empty title="This part of the console could not be loaded">
        <p>The console was renewed meanwhile, or the server is away. Nothing that you decided is lost.</p>
        <p>
          <Button onClick={() => location.reload()}>Load the page again</Button>
        </p>
      </Empty>
    );
  }
  return (
    <Failed
      what="This page failed"
      error={error instanceof Error ? error : new Error(String(error))}
      stillWorks="The other pages still work; nothing that you decided is lost."
      again={() => void router.invalidate()}
    />
  );
}
