/**
 * The environment of a Hono app that nobody described: its bindings are an object of which nothing
 * is known. Hono's own default, `any`, lets every typo in `c.env` compile.
 */
export interface UnknownEnv {
  Bindings: object
}

/** Hono's own default. Behind the options every context is handed on as it came. */
// biome-ignore lint/suspicious/noExplicitAny: it is what Hono's types say
export type AnyEnv = any
