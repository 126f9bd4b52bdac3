// An S3-compatible store as far as who may reach a bucket goes. Source: the S3 API reference, per operation and error code.
import { outside, type Outside, type Reply, type Request } from "./outside.ts";

export interface StoredBucket {
  policy: string | undefined;
  /** The access list as XML, within AccessControlList. */
  grants: string;
  block: string | undefined;
}

export interface BucketStore extends Outside {
  readonly bucket: StoredBucket;
}

export const ownerGrant =
  '<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>acme</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>';
export const publicGrant =
  '<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>';

/** @param knowsBlock False for stores that have no block of public access, as MinIO. */
export async function aBucketStore(name: string, bucket: StoredBucket, knowsBlock = true): Promise<BucketStore> {
  const answer = (request: Request): Reply => {
    if (request.path.replaceAll("/", "") !== name) return error(404, "NoSuchBucket");
    if (request.query.has("publicAccessBlock")) return knowsBlock ? block(request) : error(501, "NotImplemented");
    if (request.query.has("acl")) return acl(request);
    if (request.query.has("policy")) return policy(request);
    return error(400, "InvalidRequest");
  };
  const block = ({ method, body }: Request): Reply => {
    if (method === "PUT")
      return ((bucket.block = /<PublicAccessBlockConfiguration[^>]*>(.*)<\/Public/s.exec(body)?.[1]), xml(200));
    if (method === "DELETE") return ((bucket.block = undefined), xml(204));
    if (bucket.block === undefined) return error(404, "NoSuchPublicAccessBlockConfiguration");
    return xml(200, `<PublicAccessBlockConfiguration>${bucket.block}</PublicAccessBlockConfiguration>`);
  };
  const acl = ({ method, body }: Request): Reply => {
    if (method === "PUT") {
      const grants = /<AccessControlList>(.*)<\/AccessControlList>/s.exec(body)?.[1] ?? "";
      if (isBlocked(bucket) && grants.includes("AllUsers")) return error(403, "AccessDenied");
      bucket.grants = grants;
      return xml(200);
    }
    const owner = "<Owner><ID>acme</ID></Owner>";
    return xml(
      200,
      `<AccessControlPolicy>${owner}<AccessControlList>${bucket.grants}</AccessControlList></AccessControlPolicy>`,
    );
  };
  const policy = ({ method, body }: Request): Reply => {
    if (method === "DELETE") return ((bucket.policy = undefined), xml(204));
    if (method === "PUT") {
      if (isBlocked(bucket) && /"Principal":\s*"\*"/.test(body)) return error(403, "AccessDenied");
      bucket.policy = body;
      return xml(204);
    }
    return bucket.policy === undefined ? error(404, "NoSuchBucketPolicy") : { status: 200, body: bucket.policy };
  };
  return { ...(await outside({ answer, forbidden: error(403, "AccessDenied") })), bucket };
}

/** The block refuses what would be for everybody while it is on. */
function isBlocked({ block = "" }: StoredBucket): boolean {
  return /<BlockPublicPolicy>true/.test(block);
}

function xml(status: number, body = ""): Reply {
  return { status, body: body === "" ? "" : `<?xml version="1.0" encoding="UTF-8"?>${body}`, type: "application/xml" };
}

function error(status: number, code: string): Reply {
  return xml(status, `<Error><Code>${code}</Code><Message>the store says ${code}</Message></Error>`);
}
