import s from "./doubt.module.css";

/** Says beside a title that it is not proven, in the words that the page tells below it; nothing where there is no doubt. */
export function InDoubt({ of: it }: { readonly of: string | undefined }) {
  if (it === undefined) return null;
  return (
    <span className={s.doubt} title={it}>
      in doubt
    </span>
  );
}
