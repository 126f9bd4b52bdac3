// IAM of an AWS account, played by a small server in the shapes of the API reference (version 2010-05-08). It checks each signature by itself.
import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";

export const account = {
  keyId: "KEYPOSTUREPOSTURE01",
  secret: "s3cr3t-value/posture",
  session: "sess10n-value",
  region: "us-east-1",
};

interface Play {
  /** Answers of one action, by its parameters. */
  readonly answer: (action: string, parameters: URLSearchParams) => string | undefined;
  /** Every action that was asked, with its parameters. */
  readonly heard: string[];
}

interface Playing {
  readonly url: string;
  close(): Promise<void>;
}

const page = (action: string, result: string) =>
  `<${action}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><${action}Result>${result}</${action}Result>` +
  `<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></${action}Response>`;

/** Answers 403 to what is not signed, and what `answer` says to the rest. */
export async function playAccount({ answer, heard }: Play): Promise<Playing> {
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "/", "http://iam");
    const action = searchParams.get("Action") ?? "";
    const rest = [...searchParams].filter(([name]) => name !== "Action" && name !== "Version" && name !== "MaxItems");
    heard.push(`${request.method} ${action}${rest.map(([name, value]) => ` ${name}=${value}`).join("")}`);
    const result = searchParams.get("Version") === "2010-05-08" ? answer(action, searchParams) : undefined;
    const [status, text] = !isSigned(request)
      ? [403, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>"]
      : result === undefined
        ? [403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"]
        : [200, page(action, result)];
    response.writeHead(status, { "content-type": "text/xml" }).end(text);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
const escaped = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`);

/** Source: AWS's documentation, "Create a signed AWS API request". */
function isSigned({ method, url, headers }: IncomingMessage): boolean {
  const header = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
  const [, credential = "", names = "", signature] = header.exec(headers.authorization ?? "") ?? [];
  const [keyId, day = "", region = "", service = ""] = credential.split("/");
  if (keyId !== account.keyId || region !== account.region || service !== "iam") return false;
  if (headers["x-amz-security-token"] !== account.session || !names.includes("x-amz-security-token")) return false;
  const { pathname, searchParams } = new URL(url ?? "/", "http://iam");
  const query = [...searchParams].map(([name, value]) => `${escaped(name)}=${escaped(value)}`).sort();
  const canonical = [
    method,
    pathname,
    query.join("&"),
    ...names.split(";").map((it) => `${it}:${String(headers[it]).trim()}`),
    "",
    names,
    sha256(""),
  ].join("\n");
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const key = [region, service, "aws4_request"].reduce<Buffer>(hmac, hmac(`AWS4${account.secret}`, day));
  return createHmac("sha256", key).update(toSign).digest("hex") === signature;
}
