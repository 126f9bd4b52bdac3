// What an address of the API answers.

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What was sent: every field that the sample reads is a text. */
export type Body = Readonly<Record<string, string | null>>;

export const ok = (body: unknown): Answer => ({ status: 200, body });
export const no = (status: number, error: string, message: string): Answer => ({ status, body: { error, message } });
