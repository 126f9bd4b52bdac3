import { useEffect } from "react";
import { revealed } from "../format/reveal.ts";
import { isSample } from "../sample/mode.ts";

/** What the browser's tab and history say of this page. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${isSample ? "Sample · " : ""}${revealed(title)} · Outweigh`;
  }, [title]);
}
