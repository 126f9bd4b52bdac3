export { digestFile, digestTensors, modelDigest, totalBytes, type DigestOptions, type TensorDigest } from "./digest.ts";
export { WeightsError, type WeightsErrorCode } from "./error.ts";
export { groupModels, type FoundFile, type FoundModel, type ModelCopy } from "./group.ts";
export { headBytes, maxRecogniseBytes } from "./limits.ts";
export { couldBeModel, readModelFile, recognise, type Recognised } from "./recognise.ts";
export { structuralKey } from "./structure.ts";
export type { FormatKind, ReadContext } from "./formats/format.ts";
export type { Dtype, FileFinding, ModelFile, Reader, Tensor } from "./tensor.ts";
