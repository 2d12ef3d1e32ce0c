/** The right to make one call, settled by hand: for streams, sockets, and whatever does not end where it began. */
export interface Permit {
  /** The generation that admitted the call. */
  readonly generation: number
  /** True where the call is a probe: it holds its place until it is settled, or its lease ends. */
  readonly probe: boolean
  /** The call succeeded. Resolves when that is reported; a settled permit stays as it is. */
  success(): Promise<void>
  /** The call failed with this error, which is classified like one that a protected function throws. */
  failure(error?: unknown): Promise<void>
  /** The call says nothing about the dependency. */
  release(): Promise<void>
}
