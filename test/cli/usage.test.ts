import { describe, expect, it } from 'vitest'
import { cli } from './terminal.ts'

const COMMANDS = [
  'pg-setup',
  'status',
  'history',
  'open',
  'close',
  'isolate',
  'override',
  'reset',
  'prune',
  'dev',
  'doctor',
]
const env = { DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/db' }

describe('help', () => {
  it.each([['--help'], ['-h'], ['help']])('of the program: %s', async (argument) => {
    const { code, out, err } = await cli([argument])
    expect([code, err]).toEqual([0, ''])
    for (const name of COMMANDS) expect(out).toMatch(new RegExp(`^  ${name} +[A-Z].*\\.$`, 'm'))
    expect(out).toContain('Exit codes: 0 done, 1 failed, 2 wrong use or wrong setting.')
  })

  it('is what somebody gets who says nothing, as wrong use', async () => {
    const { code, out, err } = await cli([])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('Usage: resilient-circuit <command> [options]')
  })

  it.each(COMMANDS)('of %s, with each of its options', async (name) => {
    const { code, out, err } = await cli([name, '--help'], { env })
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(new RegExp(`^resilient-circuit ${name}: [A-Z].*\\.$`, 'm'))
    expect(out).toMatch(/^ {2}-h, --help +Show this\.$/m)
    expect((await cli(['help', name])).out).toBe(out)
  })

  it('names the options that people rely on', async () => {
    const expected = {
      'pg-setup': ['yes', 'dry-run', 'original-time-zone', 'prune-functions', 'schema'],
      status: ['watch', 'json', 'namespace'],
      isolate: ['for', 'reason', 'actor'],
      prune: ['older-than'],
    }
    for (const [name, options] of Object.entries(expected)) {
      const { out } = await cli([name, '--help'])
      for (const option of options)
        expect(out).toMatch(new RegExp(`^  --${option}( <\\w+>)? {2,}[A-Z]`, 'm'))
    }
  })

  it('has no colours where nobody looks on, or nobody wants any', async () => {
    const colour = '\u001b['
    expect((await cli(['--help'])).out).not.toContain(colour)
    expect((await cli(['--help'], { columns: 80 })).out).toContain(colour)
    expect((await cli(['--help'], { columns: 80, env: { NO_COLOR: '1' } })).out).not.toContain(
      colour,
    )
    expect((await cli(['--help'], { columns: 80, env: { TERM: 'dumb' } })).out).not.toContain(
      colour,
    )
    expect((await cli(['--help'], { env: { FORCE_COLOR: '1' } })).out).toContain(colour)
  })
})

it('the version is that of the package', async () => {
  for (const argument of ['--version', '-v'])
    expect(await cli([argument])).toMatchObject({ code: 0, out: '1.2.3\n', err: '' })
})

describe('wrong use ends with 2, names what is wrong, and connects to nothing', () => {
  it.each<[string[], string]>([
    [['staus'], 'there is no command "staus"'],
    [['help', 'staus'], 'there is no command "staus"'],
    [['status', '--wach'], "Unknown option '--wach'"],
    [['status', 'a', 'b'], 'too many arguments: b'],
    [['status', '--watch=yes'], "Option '--watch' does not take an argument"],
    [['status', '--namespace'], "Option '--namespace <value>' argument missing"],
    [['status', '--interval', 'soon', '--watch'], '--interval must be a duration from 200ms to 1h'],
    [['status', '--interval', '1ms', '--watch'], '--interval must be a duration from 200ms to 1h'],
    [['status', '--limit', '0'], '--limit must be a whole number from 1 to 1000; got "0"'],
    [['status', '--limit', 'many'], '--limit must be a whole number from 1 to 1000; got "many"'],
    [['status', '--namespace', ''], '--namespace must be 1 to 255 characters long'],
    [['status', '--schema', 'a-b'], 'schema must be a name of letters'],
    [['status', ''], 'key must be 1 to 255 characters long'],
    [['history', '--limit', '1001'], '--limit must be a whole number from 1 to 1000; got "1001"'],
    [['open'], '<key> is missing'],
    [['open', 'api', '--cooldown', '25h'], '--cooldown must be a duration from 1ms to 1d'],
    [['open', 'api', '--reason', 'x'.repeat(256)], '--reason must be 1 to 255 characters long'],
    [['open', 'api', '--actor', ''], '--actor must be 1 to 255 characters long'],
    [['isolate', 'api', '--for', '31d'], '--for must be a duration from 1ms to 30d'],
    [['override', 'api'], '<order> is missing'],
    [
      ['override', 'api', 'off'],
      'order must be DISABLED, METRICS_ONLY, FORCED_OPEN or none; got "off"',
    ],
    [['prune'], '--older-than is missing'],
    [['prune', '--older-than', '23h'], '--older-than must be a duration from 1d to 3650d'],
    [['dev', '--port', '65536'], '--port must be a whole number from 0 to 65535; got "65536"'],
    [
      ['pg-setup', '--yes', '--original-time-zone', 'Tokio'],
      'originalTimeZone must be an IANA time zone, such as \'Asia/Tokyo\'; got "Tokio"',
    ],
    [['pg-setup', '--yes', '--schema', 'a b'], 'schema must be a name of letters'],
    [['pg-setup'], 'nobody is there to be asked: give --yes, or --dry-run to see what would run'],
  ])('%j', async (argv, message) => {
    const { code, out, err } = await cli(argv, { env })
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(`Error: ${message}`)
    expect(err).toMatch(/\nSee "resilient-circuit .*--help"\.\n$/)
    expect(err).not.toContain('secret')
  })
})

describe('a wrong setting ends with 2 and names its variable', () => {
  it.each<[Record<string, string>, string]>([
    [
      {},
      'no database is set: set RC_DB_DSN, or RC_DATABASE_URL, or RC_DB_HOST and RC_DB_PASSWORD, or DATABASE_URL, in the environment or in .env',
    ],
    [{ RC_DB_HOST: 'h' }, 'RC_DB_PASSWORD must be set where RC_DB_HOST is'],
    [{ DATABASE_URL: 'mysql://u:secret@h/db' }, 'DATABASE_URL must be a Postgres URL'],
    [
      { RC_DB_HOST: 'h', RC_DB_PASSWORD: 'secret', RC_DB_PORT: 'x' },
      'RC_DB_PORT must be a whole number from 1 to 65535',
    ],
  ])('%o', async (settings, message) => {
    for (const argv of [['status'], ['doctor'], ['pg-setup', '--yes'], ['open', 'api']]) {
      const { code, out, err } = await cli(argv, { env: settings })
      expect([code, out]).toEqual([2, ''])
      expect(err).toContain(`Error: ${message}`)
      expect(err).not.toContain('secret')
    }
  })
})
