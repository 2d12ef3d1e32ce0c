/** How a batch runs, as its headers ask for it. */
export interface Transaction {
  /** Left out: the database's own default, which is READ COMMITTED unless somebody changed it. */
  readonly isolationLevel?: IsolationLevel
  readonly readOnly: boolean
  readonly deferrable: boolean
}

export type IsolationLevel = keyof typeof LEVELS

const LEVELS = {
  ReadUncommitted: 'read uncommitted',
  ReadCommitted: 'read committed',
  RepeatableRead: 'repeatable read',
  Serializable: 'serializable',
} as const

export function isIsolationLevel(value: string): value is IsolationLevel {
  return Object.hasOwn(LEVELS, value)
}

export function beginStatement({ isolationLevel, readOnly, deferrable }: Transaction): string {
  const level = isolationLevel && `isolation level ${LEVELS[isolationLevel]}`
  return ['begin', level, readOnly && 'read only', deferrable && 'deferrable']
    .filter(Boolean)
    .join(' ')
}
