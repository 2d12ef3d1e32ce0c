import { describe, expect, it } from 'vitest'
import { type CircuitBreakerOptions, circuitBreaker } from '../../src/hono/index.ts'
import { InvalidOptionError } from '../../src/index.ts'

const nonsense = (options: Record<string, unknown>) =>
  options as unknown as Partial<CircuitBreakerOptions>

describe('a bad option', () => {
  it.each([
    ['resourceKey', { resourceKey: '' }, 'resourceKey must be 1 to 255 characters long; got ""'],
    [
      'resourceKey',
      nonsense({ resourceKey: undefined }),
      'resourceKey must be a string; got undefined',
    ],
    [
      'storage',
      nonsense({ storage: {} }),
      'storage must be a circuit storage, a function that returns one, or { key, create }; got an object',
    ],
    [
      'storage',
      nonsense({ storage: { key: () => 'a' } }),
      'storage must be a circuit storage, a function that returns one, or { key, create }; got an object',
    ],
    ['isFailure', nonsense({ isFailure: true }), 'isFailure must be a function; got true'],
    ['fallback', nonsense({ fallback: 'sorry' }), 'fallback must be a function; got "sorry"'],
    ['skip', nonsense({ skip: 1 }), 'skip must be a function; got 1'],
    [
      'maxBreakers',
      { maxBreakers: 0 },
      'maxBreakers must be a whole number from 1 to 100000; got 0',
    ],
    ['gateway', { gateway: '' }, 'gateway must be one or more printable ASCII characters; got ""'],
    [
      'gateway',
      { gateway: 'bücke' },
      'gateway must be one or more printable ASCII characters; got "bücke"',
    ],
    [
      'trustRejectionsFrom',
      { trustRejectionsFrom: ['https://a.example/path'] },
      'trustRejectionsFrom must be a list of origins such as \'https://api.example.com\'; got "https://a.example/path"',
    ],
    [
      'trustRejectionsFrom',
      { trustRejectionsFrom: ['a.example'] },
      'trustRejectionsFrom must be a list of origins such as \'https://api.example.com\'; got "a.example"',
    ],
    [
      'cooldown',
      { cooldown: 0 },
      "cooldown must be a duration from 1ms to 1d, as milliseconds or '500ms', '60s', '5m', '1h'; got 0",
    ],
    ['onReject', nonsense({ onReject: 1 }), 'onReject must be a function; got 1'],
  ])('%s throws where the middleware is made: %j', (option, options, message) => {
    const make = () => circuitBreaker({ resourceKey: 'it', ...options })
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow(expect.objectContaining({ option, message }))
  })
})
