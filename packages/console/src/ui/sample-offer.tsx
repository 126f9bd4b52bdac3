import { useLocation } from "@tanstack/react-router";
import { inSample, isSample } from "../sample/mode.ts";

/** For a page that has nothing to show yet: the same page with something on it. */
export function SampleOffer() {
  const pathname = useLocation({ select: (it) => it.pathname });
  if (isSample) return null;
  return (
    <p>
      How it looks when there is something: <a href={inSample(pathname)}>this page with a sample</a>. It is made up, and
      kept apart from what is yours.
    </p>
  );
}
