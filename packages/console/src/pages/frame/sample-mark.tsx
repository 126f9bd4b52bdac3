import { useLocation } from "@tanstack/react-router";
import s from "./frame.module.css";

/** Above every page of the sample: what it is, and the one click out of it. */
export function SampleMark() {
  const noun = useLocation({ select: (it) => it.pathname.split("/")[1] ?? "" });
  return (
    <div className={s.sample} role="note" aria-label="Sample">
      <strong>Sample: none of this happened.</strong>
      <span>Nothing here comes from your systems. What you try changes nothing and is not kept.</span>
      {/* Not a link of the router: the page is loaded anew, and with it everything of the sample goes. */}
      <a href={`/${noun}`}>Leave the sample</a>
    </div>
  );
}
