import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './entries.ts'

export interface Snippet {
  /** Such as `README.md:25`. */
  readonly place: string
  readonly code: string
}

/** The TypeScript in the README, and then in docs/. */
export function snippets(): Snippet[] {
  const docs = existsSync(join(root, 'docs'))
    ? readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    : []
  const files = [
    'README.md',
    ...docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
  ]
  return files.sort().flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    return [...text.matchAll(/^```(?:ts|typescript|tsx)\b[^\n]*\n(.*?)^```$/gms)].map(
      ({ index, 1: code }) => ({
        place: `${file}:${text.slice(0, index).split('\n').length + 1}`,
        code: code!,
      }),
    )
  })
}
