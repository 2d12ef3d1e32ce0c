/**
 * A variable of the process; undefined where it is not set, where there is no process, and where the runtime forbids to look, as
 * Deno does without `--allow-env`.
 */
export function variable(name: string): string | undefined {
  try {
    const { process } = globalThis as {
      readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> }
    }
    return process?.env?.[name]
  } catch {
    return undefined
  }
}
