/** Where a command's output goes: a stream of the process, or a test's. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  /** Width in characters, where it is a terminal. */
  readonly columns?: number
}

/** All that a command sees of the world. */
export interface Terminal {
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Asks a person, and answers with the line typed; undefined where there is nobody to ask. */
  readonly ask?: ((question: string) => Promise<string>) | undefined
  /** From the first call on, Ctrl-C ends what listens to this signal, and no longer the process. */
  interrupted(): AbortSignal
}

export const EXIT: { readonly ok: 0; readonly failed: 1; readonly usage: 2 } = {
  ok: 0,
  failed: 1,
  usage: 2,
}
