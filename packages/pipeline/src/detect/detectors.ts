import { bulkCompletion } from "./bulk-completion.ts";
import { coalitionCoverage } from "./coalition-coverage.ts";
import { completeCopy } from "./complete-copy.ts";
import { decoyTouched } from "./decoy-touched.ts";
import { derivedCopy } from "./derived-copy.ts";
import type { AnyDetector } from "./detector.ts";
import { dormantReader } from "./dormant-reader.ts";
import { enumerateThenPull } from "./enumerate-then-pull.ts";
import { firstMount } from "./first-mount.ts";
import { firstReader } from "./first-reader.ts";
import { impossibleTravel } from "./impossible-travel.ts";
import { keyThenBulkRead } from "./key-then-bulk-read.ts";
import { machineKeyMoved } from "./machine-key-moved.ts";
import { newNetwork } from "./new-network.ts";
import { permitGiven } from "./permit-given.ts";
import { permitOverstepped } from "./permit-overstepped.ts";
import { permitUsed } from "./permit-used.ts";
import { retiredKeyUsed } from "./retired-key-used.ts";
import { segmentedDownload } from "./segmented-download.ts";
import { sharedKey } from "./shared-key.ts";
import { sourceSilent } from "./source-silent.ts";
import { takeoverThenRead } from "./takeover-then-read.ts";
import { unaccountedRead } from "./unaccounted-read.ts";
import { undeclaredCopy } from "./undeclared-copy.ts";
import { weightsLookedUp } from "./weights-looked-up.ts";

/** All detections that are code. What Sigma can say is a rule in content/rules instead. */
export const detectors: readonly AnyDetector[] = [
  completeCopy,
  decoyTouched,
  undeclaredCopy,
  derivedCopy,
  coalitionCoverage,
  unaccountedRead,
  firstReader,
  firstMount,
  enumerateThenPull,
  segmentedDownload,
  bulkCompletion,
  takeoverThenRead,
  keyThenBulkRead,
  impossibleTravel,
  retiredKeyUsed,
  machineKeyMoved,
  sharedKey,
  newNetwork,
  dormantReader,
  weightsLookedUp,
  permitGiven,
  permitUsed,
  permitOverstepped,
  sourceSilent,
];
