import { azureActivity } from "./azure-activity.ts";
import { azureStorage } from "./azure-storage.ts";
import { entraRecord, unwrapAzure } from "./entra.ts";
import { readAs, readJson, refuse, textOf } from "./json-records.ts";
import { auditRecord } from "./kubernetes-audit.ts";
import { parseJson, skip, type Ingested, type Origin, type Raw, type Source } from "./source.ts";

/**
 * Azure Monitor's logs as a diagnostic setting exports them: reads of Blob Storage, the activity log of the subscription, and in the same
 * envelope the audit log of AKS and Entra's sign-ins, which are read as what they are.
 */
export const azure: Source = {
  id: "azure",
  title: "Azure: storage logs, activity log, AKS audit",
  cannotSee: [
    "Reads of blobs while the storage account has no diagnostic setting for StorageRead, as is the default",
    "Who stands behind an account key or a shared access signature: the log has a hash of it",
    "Which bytes a partial answer held: such reads are upper bounds",
    "Reads through a disk, a share over SMB, or a machine that mounts the account",
  ],
  requires: [
    "A diagnostic setting on each storage account's blob service: StorageRead, StorageWrite, StorageDelete",
    "A diagnostic setting of the subscription: Administrative; of AKS: kube-audit or kube-audit-admin",
  ],
  logsources: [
    { product: "azure", service: "activitylogs" },
    { product: "azure", service: "storagebloblogs" },
  ],

  read: (record, from) => readJson(record, unwrapAzure, (value) => one(value, from)),
};

function one(value: Raw, from: Origin): Ingested {
  const category = textOf(value, "category") ?? textOf(value, "Category") ?? "";
  if (category.startsWith("kube-audit")) return cluster(value, from);
  if (/SignInLogs$|^AuditLogs$/.test(category)) return readAs(entraRecord(value, from), "entra");
  if (/^Storage(Read|Write|Delete)$/.test(category) || isBlob(value)) return azureStorage(value, from);
  if (
    value.operationName === undefined &&
    value.OperationName === undefined &&
    value.OperationNameValue === undefined
  ) {
    return refuse("operationName: missing");
  }
  return azureActivity(value, from);
}

function isBlob(value: Raw): boolean {
  return (
    /\/blobServices\//i.test(textOf(value, "resourceId") ?? "") &&
    textOf(value, "properties", "objectKey") !== undefined
  );
}

/** AKS puts the whole event of the API server into one string. */
function cluster(value: Raw, from: Origin): Ingested {
  const log = textOf(value, "properties", "log");
  if (log === undefined) return skip("a log of the cluster without an event");
  const parsed = parseJson(log);
  if ("reason" in parsed) return refuse(`properties.log: ${parsed.reason}`);
  return readAs(auditRecord(parsed.value, from), "kubernetes-audit");
}
