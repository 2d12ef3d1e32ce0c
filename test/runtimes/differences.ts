import { join } from 'node:path'
import { root } from '../packaging/entries.ts'

/** All in which the runtimes differ. */
export interface Runtime {
  /** How its server is started, given its file; null: in workerd, by miniflare. */
  readonly command: ((file: string) => readonly string[]) | null
  /** Does work that a call leaves behind go on without `waitUntil`? Elsewhere the call waits for the report of a failure. */
  readonly floats: boolean
  /** The entries that it cannot load, and what it says. */
  readonly refuses: Readonly<Record<string, RegExp>>
}

const bin = (name: string) => join(root, 'node_modules/.bin', name)

/** How Deno starts a file with these permissions and no others. */
export const deno =
  (...permissions: readonly string[]) =>
  (file: string): readonly string[] => [
    bin('deno'),
    'run',
    ...permissions,
    '--node-modules-dir=manual',
    '--cached-only',
    '--no-prompt',
    file,
  ]

export const RUNTIMES: Readonly<Record<string, Runtime>> = {
  node: {
    command: (file) => [process.execPath, file],
    floats: true,
    refuses: {},
  },
  workerd: {
    command: null,
    floats: false,
    refuses: {
      // They need sockets, files or servers.
      'resilient-circuit/auto': /No such module/,
      'resilient-circuit/local': /No such module/,
      'resilient-circuit/migrate': /No such module/,
      'resilient-circuit/node-postgres': /Dynamic require of "events" is not supported/,
    },
  },
  deno: {
    // The driver looks for the name of the user.
    command: deno('--allow-env', '--allow-net=127.0.0.1', '--allow-read'),
    floats: true,
    refuses: {},
  },
  bun: {
    command: (file) => [bin('bun'), 'run', '--no-install', file],
    floats: true,
    refuses: {},
  },
}
