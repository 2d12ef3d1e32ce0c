import { ResilientCircuitError } from '../core/errors.ts'
import type { Admission, Exchanged } from './port.ts'

/** A storage did what its port does not allow, or nothing in time. */
export class BrokenStorageError extends ResilientCircuitError {
  override readonly name = 'StorageError'
  /** `STORAGE_TIMEOUT`: no answer within `operationTimeout`. `STORAGE_FAILED`: an answer that is none, or a failure without an error. */
  readonly code: 'STORAGE_FAILED' | 'STORAGE_TIMEOUT'

  constructor(code: BrokenStorageError['code'], message: string) {
    super(message)
    this.code = code
  }
}

const bad = (what: string) =>
  new BrokenStorageError('STORAGE_FAILED', `the storage's answer to ${what}`)

/** @throws {BrokenStorageError} where these are not so many answers of an `exchange`: nothing of it may reach a view */
export function checkedExchange(answers: unknown, count: number): readonly Exchanged[] {
  if (!Array.isArray(answers) || answers.length !== count)
    throw bad(`exchange must be a list of ${count}`)
  for (const answer of answers) if (!isExchanged(answer)) throw bad('exchange has a bad snapshot')
  return answers
}

/** @throws {BrokenStorageError} where this is no answer of a `control` */
export function checkedControl(answer: unknown): Exchanged {
  if (!isExchanged(answer)) throw bad('control has a bad snapshot')
  return answer
}

/** @throws {BrokenStorageError} where this is no answer of an `acquire` */
export function checkedAdmission(answer: unknown): Admission {
  if (!isExchanged(answer)) throw bad('acquire has a bad snapshot')
  const { verdict, token } = answer as Admission
  const fits =
    verdict === 'probe'
      ? Number.isFinite(token)
      : verdict === 'admitted' || verdict === 'rejected' || verdict === 'would-reject'
  if (!fits) throw bad('acquire has a bad verdict')
  return answer as Admission
}

const NUMBERS = ['generation', 'previousGeneration', 'version', 'at', 'opens', 'updatedAt'] as const
const OF_STATUS: Readonly<Record<string, (snapshot: Fields) => boolean>> = {
  CLOSED: ({ buckets }) => buckets === null || isObject(buckets),
  OPEN: ({ openUntil, cooldownMs }) => Number.isFinite(openUntil) && Number.isFinite(cooldownMs),
  HALF_OPEN: ({ leases, leaseMs }) => Array.isArray(leases) && Number.isFinite(leaseMs),
}

type Fields = Readonly<Record<string, unknown>>

function isExchanged(answer: unknown): answer is Exchanged {
  if (!isObject(answer) || !isObject(answer['snapshot'])) return false
  const snapshot = answer['snapshot']
  const fits =
    Object.hasOwn(OF_STATUS, String(snapshot['status'])) &&
    OF_STATUS[String(snapshot['status'])]!(snapshot)
  return (
    fits &&
    NUMBERS.every((name) => Number.isFinite(snapshot[name])) &&
    typeof snapshot['log'] === 'string' &&
    (snapshot['override'] === null || isObject(snapshot['override'])) &&
    typeof answer['verdict'] === 'string' &&
    Array.isArray(answer['transitions']) &&
    answer['transitions'].every(isObject)
  )
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}
