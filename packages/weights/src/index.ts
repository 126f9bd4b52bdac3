export { comparePermuted, type PermutedComparison, type PermutedOptions } from "./compare-permuted.ts";
export {
  AnchorScanner,
  decodeAnchors,
  encodeAnchors,
  matchAnchors,
  type AnchorMatch,
  type Anchors,
} from "./anchors.ts";
export { CarvingScanner, type Carved } from "./carve.ts";
export { decodeFingerprint, encodeFingerprint, maxFingerprintBytes } from "./fingerprint-file.ts";
export { buildIndex, FingerprintIndex, type Candidate, type IndexEntry } from "./index-file.ts";
export { isAdapter } from "./adapter.ts";
export { compareFingerprints, type CompareOptions } from "./compare.ts";
export { mixtureOf, type Mixture } from "./compare/merge.ts";
export { compareModels, type CompareModelsOptions } from "./compare-models.ts";
export type { Comparison, Relation, TensorComparison } from "./compare/verdict.ts";
export { decoderOf, dequantise, type Decoder } from "./dequantise/decoder.ts";
export { fingerprint, keyIdOf, openKey, type FingerprintOptions, type ModelPart } from "./fingerprint/fingerprint.ts";
export type { ExactIdentity, Fingerprint, TensorRecord, Tile, VectorRecord } from "./fingerprint/record.ts";
export { digestFile, digestTensors, modelDigest, totalBytes, type DigestOptions, type TensorDigest } from "./digest.ts";
export { WeightsError, type WeightsErrorCode } from "./error.ts";
export { groupModels, holdsWeights, type FoundFile, type FoundModel, type ModelCopy } from "./group.ts";
export { headBytes, maxRecogniseBytes } from "./limits.ts";
export type { Allowance, LeftOut, LeftOutCode } from "./containers/allowance.ts";
export {
  dockerLayers,
  isLayerPath,
  layerOfImage,
  overlayFolder,
  type DockerStore,
  type ImageLayer,
  type OpenInImage,
} from "./containers/image.ts";
export { joinedReader, rangeReader } from "./containers/range.ts";
export { splitFiles, type SplitFile } from "./containers/parts.ts";
export {
  beginsPacked,
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
