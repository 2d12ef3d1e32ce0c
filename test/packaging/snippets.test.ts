import { describe, expect, it } from 'vitest'
import { diagnose, RESOLUTIONS, STRICT } from './program.ts'
import { snippets } from './snippets.ts'

describe('the TypeScript in README.md and docs/', () => {
  const all = snippets()
  /** Each snippet is a module of its own: readers copy one, not all. */
  const pathOf = (i: number) => `snippet-${i}.mts`
  const problems = diagnose(
    Object.fromEntries(all.map(({ code }, i) => [pathOf(i), `${code}\nexport {}\n`])),
    {
      ...STRICT,
      ...RESOLUTIONS['nodenext'],
      types: ['node'],
      skipLibCheck: true,
    },
  )

  it('is found', () => {
    expect(all.filter(({ place }) => place.startsWith('README.md')).length).toBeGreaterThan(0)
  })

  it.each(all.map(({ place }, i) => ({ place, i })))('$place compiles', ({ i }) => {
    expect(problems.filter((problem) => problem.startsWith(pathOf(i)))).toEqual([])
  })

  it('causes no error elsewhere', () => {
    expect(problems.filter((problem) => !problem.startsWith('snippet-'))).toEqual([])
  })
})
