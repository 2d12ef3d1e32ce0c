import { userInfo } from 'node:os'
import { checkedKey, keyProblem } from '../../core/key.ts'
import type { EnvironmentStorage } from '../../env/node.ts'
import type { BreakerId } from '../../fleet/admin.ts'
import type { Terminal } from '../terminal.ts'
import type { Argument, Given, Option } from '../usage.ts'

export const KEY: Argument = { name: 'key', help: 'The resource key of a breaker.' }
export const OPTIONAL_KEY: Argument = {
  name: 'key',
  help: 'The resource key of one breaker. Default: all.',
  optional: true,
}
export const SCHEMA: Option = {
  value: 'name',
  help: 'The schema that holds the tables. Default: the search path.',
}
export const JSON_OPTION: Option = { help: 'Print JSON, for programs.' }
export const NAMESPACE: Option = {
  value: 'name',
  help: "The breaker's namespace. Default: RC_NAMESPACE, else default.",
}

/** The breaker that the command line names. */
export function breakerOf(given: Given, storage: EnvironmentStorage): BreakerId {
  return {
    resourceKey: checkedKey('key', given.argument('key')),
    namespace: given.word('namespace') ?? storage.namespace,
  }
}

/** Who gives an operator's command: `--actor`, else the user of the operating system. */
export function actorOf(given: Given): string {
  return given.word('actor') ?? systemUser()
}

function systemUser(): string {
  try {
    const { username } = userInfo()
    return keyProblem(username) === undefined ? username : 'unknown'
  } catch {
    // A container's user may have no name.
    return 'unknown'
  }
}

export function writeJson({ stdout }: Terminal, value: unknown): void {
  stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}
