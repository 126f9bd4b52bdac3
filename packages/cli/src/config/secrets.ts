/** Shapes of credentials, as their issuers document them. */
const shapes: readonly (readonly [what: string, shape: RegExp])[] = [
  ["an AWS access key", /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ["a Hugging Face token", /\bhf_[A-Za-z0-9]{30,}\b/],
  ["a GitHub token", /\bgh[pousr]_[A-Za-z0-9]{36,}\b/],
  ["a GitLab token", /\bglpat-[\w-]{20,}/],
  ["a Slack token", /\bxox[abprs]-[\w-]{10,}/],
  ["a Slack webhook's secret address", /\bhooks\.slack\.com\/services\/T\w+\/B\w+\/\w+/],
  ["an OpenAI-style key", /\bsk-[A-Za-z0-9_-]{32,}/],
  ["a private key", /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ["a signed token (JWT)", /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/],
  ["a password in an address", /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/@]+@/],
];

/** What kind of credential a text holds; undefined if none of those we know. The text itself must not be repeated in a message. */
export function secretIn(text: string): string | undefined {
  return shapes.find(([, shape]) => shape.test(text))?.[0];
}
