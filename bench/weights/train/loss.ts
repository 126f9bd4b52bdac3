/** Mean cross-entropy; `logits` become their own gradient. */
export function softmaxLoss(logits: Float32Array, targets: Int32Array, classes: number): number {
  let loss = 0;
  for (const [t, target] of targets.entries()) {
    const row = logits.subarray(t * classes, (t + 1) * classes);
    const most = row.reduce((best, it) => Math.max(best, it), -Infinity);
    let total = 0;
    for (let k = 0; k < classes; k++) {
      row[k] = Math.exp(row[k]! - most);
      total += row[k]!;
    }
    loss -= Math.log(row[target]! / total + 1e-30);
    for (let k = 0; k < classes; k++) row[k] = (row[k]! / total - (k === target ? 1 : 0)) / targets.length;
  }
  return loss / targets.length;
}
