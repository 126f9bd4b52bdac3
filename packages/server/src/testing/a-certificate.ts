// Keys and certificates of a day, made by openssl: for this machine, signed by themselves or by one another.
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";

/** Why no certificate can be made here; undefined if one can. */
export const noOpenssl =
  spawnSync("openssl", ["version"]).status === 0 ? undefined : "there is no openssl to make certificates";

/** A key, and a certificate that it signed itself, for this machine; as `<name>.key` and `<name>.crt` in a folder. */
export function aCertificate(folder: string, name = "tls"): { readonly key: string; readonly cert: string } {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  const names = "subjectAltName=IP:127.0.0.1";
  const made = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`, "-addext", names];
  execFileSync("openssl", ["req", ...made, "-keyout", key, "-out", cert], { stdio: "ignore" });
  return { key, cert };
}
