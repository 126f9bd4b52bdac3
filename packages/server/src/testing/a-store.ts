// An S3-compatible store in memory, over HTTP: lists by pages, gives objects, and fails as it is told.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** How the answer to one request goes wrong. */
type Fault =
  | { readonly status: number; readonly code: string; readonly message?: string }
  | { readonly redirect: string }
  /** The body ends after so many bytes, and with it the connection. */
  | { readonly truncate: number }
  /** Nothing more comes after the head. */
  | { readonly stall: true };

export interface AStore {
  readonly url: string;
  /** Stores an object; written `at`, in ms; with what its metadata calls its signature. */
  put(key: string, body: Buffer | string, at?: number, signature?: string): void;
  remove(key: string): void;
  /** What is to go wrong with a request: asked for each one, by `list` or the object's key. */
  fault: (of: string) => Fault | undefined;
  /** `list`, or `get <key>`, in the order of their arrival. Anything else that was asked stands here as it was asked. */
  readonly asked: string[];
  /** Keys of one page. */
  pageSize: number;
  close(): Promise<void>;
}

interface Stored {
  readonly body: Buffer;
  readonly etag: string;
  readonly at: number;
  readonly signature: string | undefined;
}

export async function aStore(): Promise<AStore> {
  const objects = new Map<string, Stored>();
  const asked: string[] = [];
  const server = createServer((request, response) => answer(request, response));
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "/", "http://store");
    const [, bucket, ...rest] = url.pathname.split("/").map(decodeURIComponent);
    const key = rest.join("/");
    const isList = request.method === "GET" && key === "" && url.searchParams.get("list-type") === "2";
    const name = isList ? "list" : request.method === "GET" ? key : `${request.method} ${request.url}`;
    asked.push(isList || request.method !== "GET" ? name : `get ${key}`);
    const fault = store.fault(name);
    if (fault && "status" in fault) return fail(response, fault.status, fault.code, fault.message);
    if (fault && "redirect" in fault) return void response.writeHead(307, { location: fault.redirect }).end();
    if (isList)
      return void response.writeHead(200, xml).end(listing(objects, url.searchParams, bucket ?? "", store.pageSize));
    const found = objects.get(key);
    if (!found) return fail(response, 404, "NoSuchKey");
    const wanted = request.headers["if-match"];
    if (wanted !== undefined && wanted !== found.etag) return fail(response, 412, "PreconditionFailed");
    response.writeHead(200, {
      "content-length": found.body.length,
      etag: found.etag,
      ...(found.signature !== undefined && { "x-amz-meta-signature": found.signature }),
    });
    if (!fault) return void response.end(found.body);
    response.write("truncate" in fault ? found.body.subarray(0, fault.truncate) : found.body.subarray(0, 1), () => {
      if ("truncate" in fault) response.destroy();
    });
  };
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const store: AStore = {
    url: `http://127.0.0.1:${port}`,
    put: (key, body, at = Date.now(), signature = undefined) => {
      const bytes = Buffer.from(body);
      const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
      objects.set(key, { body: bytes, etag, at, signature });
    },
    remove: (key) => void objects.delete(key),
    fault: () => undefined,
    asked,
    pageSize: 1000,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  return store;
}

const xml = { "content-type": "application/xml" };

function fail(response: ServerResponse, status: number, code: string, message = code): void {
  response
    .writeHead(status, xml)
    .end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);
}

/** ListObjectsV2, in the order of the keys' bytes. */
function listing(
  objects: ReadonlyMap<string, Stored>,
  query: URLSearchParams,
  bucket: string,
  pageSize: number,
): string {
  const prefix = query.get("prefix") ?? "";
  const after = query.get("start-after") ?? "";
  const found = [...objects]
    .filter(([key]) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0)
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const page = found
    .slice(0, pageSize)
    .map(
      ([key, { body, etag, at }]) =>
        `<Contents><Key>${encodeURIComponent(key).replaceAll("%2F", "/")}</Key><LastModified>${new Date(at).toISOString()}</LastModified>` +
        `<ETag>${etag.replaceAll('"', "&quot;")}</ETag><Size>${body.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    );
  return (
    `<?xml version="1.0"?><ListBucketResult><Name>${bucket}</Name><Prefix>${prefix}</Prefix><EncodingType>url</EncodingType>` +
    `<IsTruncated>${found.length > pageSize}</IsTruncated>${page.join("")}</ListBucketResult>`
  );
}
