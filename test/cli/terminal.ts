import { run } from '../../src/cli/run.ts'

export interface Options {
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What a person answers; nobody is there where this is not given. */
  readonly answer?: string
  /** Width of a terminal; none where this is not given. */
  readonly columns?: number
  readonly rows?: number
  /** What Ctrl-C ends. */
  readonly interrupted?: AbortSignal
  /** Sees each piece of output as it is written. */
  readonly onOutput?: (text: string) => void
}

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
  readonly asked: readonly string[]
}

/** Runs a command line in this process. */
export async function cli(argv: readonly string[], options: Options = {}): Promise<Ran> {
  const {
    env = {},
    answer,
    columns,
    rows,
    interrupted = new AbortController().signal,
    onOutput,
  } = options
  const written = { out: '', err: '' }
  const asked: string[] = []
  const output = (stream: 'out' | 'err') => ({
    ...(columns === undefined ? {} : { isTTY: true, columns, rows }),
    write(text: string) {
      written[stream] += text
      onOutput?.(text)
    },
  })
  const ask = async (question: string) => {
    asked.push(question)
    return answer ?? ''
  }
  const code = await run(
    argv,
    {
      stdout: output('out'),
      stderr: output('err'),
      env,
      ask: answer === undefined ? undefined : ask,
      interrupted: () => interrupted,
    },
    '1.2.3',
  )
  return { code, ...written, asked }
}

/** What is left of a text when its colours are taken away. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
  return text.replace(/\u001b\[[\d;?]*[A-Za-z]/g, '')
}
