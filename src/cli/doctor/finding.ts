/** What `doctor` found. */
export interface Finding {
  readonly check: string
  /** `note`: it works, but could be better. `bad`: it does not work. */
  readonly level: 'ok' | 'note' | 'bad'
  readonly says: string
  /** What to do about it. */
  readonly advice?: string
}

/** A name as SQL needs it where it may hold anything. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`
