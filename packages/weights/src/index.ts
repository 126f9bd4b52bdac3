export { digestFile, digestTensors, modelDigest, totalBytes, type DigestOptions, type TensorDigest } from "./digest.ts";
export { WeightsError, type WeightsErrorCode } from "./error.ts";
export { groupModels, type FoundFile, type FoundModel, type ModelCopy } from "./group.ts";
export { headBytes, maxRecogniseBytes } from "./limits.ts";
export { joinedReader, rangeReader } from "./containers/range.ts";
export { splitFiles, type SplitFile } from "./containers/parts.ts";
export {
  couldBeModel,
  findModels,
  readModelFile,
  recognise,
  type FindOptions,
  type FoundInside,
  type Recognised,
} from "./recognise.ts";
export { Sources } from "./sources.ts";
export { structuralKey } from "./structure.ts";
export type { FormatKind, ReadContext } from "./formats/format.ts";
export type { Dtype, FileFinding, ModelFile, Reader, Tensor } from "./tensor.ts";
