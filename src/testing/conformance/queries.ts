import { fraction } from '../../core/limits.ts'
import { DAY_MS } from '../../core/settings.ts'
import { equal, matches, ok, rejection } from '../assert.ts'
import { type Breaker, type Cases, type Lab, lasting } from './lab.ts'

/** Breakers of which each has one outcome. */
export async function some(lab: Lab, keys: readonly string[]): Promise<readonly Breaker[]> {
  const breakers = keys.map((resourceKey) =>
    lab.breaker({ failureLimit: fraction(9, 9) }, { resourceKey }),
  )
  await lab.storage.exchange(
    breakers.map((breaker) => ({ ...breaker.id, report: breaker.report('0') })),
  )
  return breakers
}

export const keysOf = ({
  items,
}: {
  readonly items: readonly { readonly resourceKey: string }[]
}) => items.map(({ resourceKey }) => resourceKey)

export const queryCases: Cases = {
  'lists the worst first: what rejects, half-open, closed; then most failures; then by key': async (
    lab,
  ) => {
    const breakers = await some(lab, [
      'b',
      'a',
      'troubled',
      'more troubled',
      'half',
      'open',
      'much open',
    ])
    const [, , troubled, more, half, open, much] = breakers
    await troubled!.read()
    await troubled!.send('1')
    await more!.read()
    await more!.send('11')
    await half!.order({ command: 'open', cooldownMs: [1] })
    await lab.pass(2)
    await half!.acquire()
    await open!.order({ command: 'open', cooldownMs: [DAY_MS] })
    await much!.read()
    await much!.send('1', { trip: true })
    const page = await lab.storage.list({ namespace: lab.namespace })
    equal(
      keysOf(page),
      ['much open', 'open', 'half', 'more troubled', 'troubled', 'a', 'b'],
      'the order',
    )
    equal(page.next, null, 'the next page')
    const [read] = await lab.storage.exchange([much!.id])
    equal(lasting(page.items[0]!), lasting(read!.snapshot), 'a listed snapshot')
  },

  'lists one namespace, one status': async (lab) => {
    const [first] = await some(lab, ['x', 'y'])
    await lab.breaker({}, { namespace: `${lab.namespace} too` }).send('1')
    await first!.order({ command: 'open', cooldownMs: [DAY_MS] })
    const list = (status?: 'OPEN' | 'CLOSED' | 'HALF_OPEN') =>
      lab.storage.list({ namespace: lab.namespace, ...(status && { status }) })
    equal(keysOf(await list()), ['x', 'y'], 'all of the namespace')
    equal(keysOf(await list('OPEN')), ['x'], 'what is open')
    equal(keysOf(await list('CLOSED')), ['y'], 'what is closed')
    equal(keysOf(await list('HALF_OPEN')), [], 'what is half-open')
  },

  'searches keys for a text, in any case, without wildcards': async (lab) => {
    await some(lab, [
      'Payments/EU',
      'payments/us',
      '100% sure',
      '100 sure',
      'snake_case',
      'snakeXcase',
      'back\\slash',
      "o'clock",
      'ключ',
    ])
    const found = async (search: string) =>
      keysOf(await lab.storage.list({ namespace: lab.namespace, search }))
    equal(await found('PAYMENTS'), ['Payments/EU', 'payments/us'], 'PAYMENTS')
    equal(await found('ments/e'), ['Payments/EU'], 'ments/e')
    equal(await found('0%'), ['100% sure'], '0%')
    equal(await found('e_c'), ['snake_case'], 'e_c')
    equal(await found('\\'), ['back\\slash'], 'a backslash')
    equal(await found("o'c"), ["o'clock"], 'a quote')
    equal(await found('люч'), ['ключ'], 'люч')
    equal(await found('nothing like it'), [], 'no match')
  },

  'pages visit each breaker once, in the order of the whole list': async (lab) => {
    // By code point: UTF-16's own order has the emoji before the full-width tilde.
    const keys = ['A', 'Z', 'a', 'a b', 'ab', 'é', '～', '😀']
    const breakers = await some(lab, [...keys].reverse())
    await breakers
      .find(({ id }) => id.resourceKey === 'ab')!
      .order({ command: 'open', cooldownMs: [DAY_MS] })
    const seen: string[] = []
    for (let after: string | null = null, pages = 0; pages === 0 || after !== null; pages++) {
      ok(pages < 9, 'the pages end')
      const page = await lab.storage.list({
        namespace: lab.namespace,
        limit: 3,
        ...(after !== null && { after }),
      })
      ok(page.items.length <= 3, 'a page keeps to its limit')
      seen.push(...keysOf(page))
      after = page.next
    }
    equal(seen, ['ab', ...keys.filter((key) => key !== 'ab')], 'all pages')
  },

  'sums up what namespace and search find, whichever status and page are asked for': async (
    lab,
  ) => {
    const [open] = await some(lab, ['pay/eu', 'pay/us', 'mail'])
    await open!.order({ command: 'open', cooldownMs: [DAY_MS] })
    await lab.breaker({}, { namespace: `${lab.namespace} too` }).send('1')
    const { namespace } = lab
    const page = await lab.storage.list({
      summary: true,
      namespace,
      search: 'PAY',
      status: 'CLOSED',
      limit: 1,
    })
    equal(keysOf(page), ['pay/us'], 'the page')
    equal(page.summary?.counts, { OPEN: 1, HALF_OPEN: 0, CLOSED: 1 }, 'the counts')
    // Of the whole storage, so that one can be chosen.
    const ours = page.summary!.namespaces.filter((name) => name.startsWith(namespace))
    equal(ours, [namespace, `${namespace} too`], 'the namespaces')
    ok(
      !('summary' in (await lab.storage.list({ namespace }))),
      'no summary where none is asked for',
    )
  },

  'refuses limits, cursors and ages that are out of range, by name': async (lab) => {
    const { namespace } = lab
    const refused: readonly (readonly [string, () => Promise<unknown>])[] = [
      ...[0, 1_001, 1.5, Number.NaN].flatMap((limit) => [
        ['limit', () => lab.storage.list({ namespace, limit })] as const,
        ['limit', () => lab.storage.history({ namespace, limit })] as const,
      ]),
      ['after', () => lab.storage.list({ namespace, after: 'nonsense' })],
      ['after', () => lab.storage.history({ namespace, after: 'nonsense' })],
      ['newerThanMs', () => lab.storage.history({ namespace, newerThanMs: -1 })],
      ['newerThanMs', () => lab.storage.history({ namespace, newerThanMs: Number.NaN })],
      [
        'breakersOlderThanMs',
        () => lab.storage.prune({ namespace, breakersOlderThanMs: DAY_MS - 1 }),
      ],
      [
        'breakersOlderThanMs',
        () => lab.storage.prune({ namespace, breakersOlderThanMs: Number.NaN }),
      ],
      [
        'breakersOlderThanMs',
        () => lab.storage.prune({ namespace, breakersOlderThanMs: Number.POSITIVE_INFINITY }),
      ],
      [
        'transitionsOlderThanMs',
        () => lab.storage.prune({ namespace, transitionsOlderThanMs: -1 }),
      ],
      [
        'transitionsOlderThanMs',
        () => lab.storage.prune({ namespace, transitionsOlderThanMs: 1e15 }),
      ],
    ]
    for (const [option, call] of refused) {
      const error = await rejection(call(), `${option} out of range`)
      matches(error as object, { code: 'INVALID_OPTION', option }, 'the error')
    }
  },

  'a signal ends the waiting with its reason, or the answer came first': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(9, 9) })
    const reason = new Error('enough')
    const { settings } = breaker
    const calls: readonly ((signal: AbortSignal) => Promise<unknown>)[] = [
      (signal) => lab.storage.exchange([breaker.id], { signal }),
      (signal) =>
        lab.storage.exchange([{ ...breaker.id, report: breaker.report('0') }], { signal }),
      (signal) => lab.storage.acquire({ ...breaker.id, settings, leaseMs: 1 }, { signal }),
      (signal) =>
        lab.storage.control(
          { ...breaker.id, command: { order: { command: 'close' }, actor: null, reason: null } },
          { signal },
        ),
      (signal) => lab.storage.list({ namespace: lab.namespace }, { signal }),
      (signal) => lab.storage.history({ namespace: lab.namespace }, { signal }),
      (signal) => lab.storage.prune({ namespace: lab.namespace }, { signal }),
    ]
    for (const call of calls) {
      equal(
        await rejection(call(AbortSignal.abort(reason)), 'a call with a signal that has fired'),
        reason,
        'what it rejects with',
      )
      const controller = new AbortController()
      const answer = call(controller.signal)
      controller.abort(reason)
      const thrown = await answer.then(
        () => reason,
        (error: unknown) => error,
      )
      equal(thrown, reason, 'what ends the waiting')
    }
  },
}
