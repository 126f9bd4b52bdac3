import { encode } from "uqr";
import s from "./qr.module.css";

/** Quiet modules around the code: ISO/IEC 18004 asks for four. */
const quiet = 4;

interface QrProps {
  readonly text: string;
  /** What it is, for who cannot see it. The text itself stands beside it. */
  readonly label: string;
}

/** A text for a camera: dark on white in every theme, as readers want it. */
export function Qr({ text, label }: QrProps) {
  const { data, size } = encode(text, { border: 0, ecc: "M" });
  const path = data
    .flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x + quiet} ${y + quiet}h1v1h-1z`] : [])))
    .join("");
  const all = size + 2 * quiet;
  return (
    <svg className={s.code} viewBox={`0 0 ${all} ${all}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <rect className={s.light} width={all} height={all} />
      <path className={s.dark} d={path} />
    </svg>
  );
}
