import { ResilientCircuitError } from '../core/errors.ts'

/** The local Neon endpoint cannot start. Its message never holds a password. */
export class LocalNeonError extends ResilientCircuitError {
  override readonly name = 'LocalNeonError'
  /**
   * `MISSING_PACKAGE`: an optional package is not installed. `DATABASE_UNREACHABLE`: PostgreSQL
   * refuses us or does not answer.
   */
  readonly code: 'MISSING_PACKAGE' | 'DATABASE_UNREACHABLE'

  constructor(code: LocalNeonError['code'], message: string, options: { readonly cause: unknown }) {
    super(message, options)
    this.code = code
  }
}

/**
 * Imports a package that only some users of the endpoint have.
 * @throws {LocalNeonError} `MISSING_PACKAGE`, naming the package
 */
export async function importOptional<Module>(
  name: string,
  load: () => Promise<Module>,
): Promise<Module> {
  try {
    return await load()
  } catch (cause) {
    throw new LocalNeonError(
      'MISSING_PACKAGE',
      `startLocalNeon() needs the package ${name}: npm install --save-dev ${name}`,
      {
        cause,
      },
    )
  }
}
