// What the configuration leaves to the environment.

/** Variables by their names. */
export type Env = Readonly<Record<string, string | undefined>>;

/**
 * The value of a `${NAME}` of the configuration. It is a secret: no reason says it.
 *
 * @throws What `refused` makes of the reason, where the variable is not set or empty.
 */
export function secretFrom(env: Env, reference: string, refused: (why: string) => Error): string {
  const name = reference.slice(2, -1);
  const value = env[name];
  if (!value) throw refused(`the environment has no ${name}`);
  return value;
}
