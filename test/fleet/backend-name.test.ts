import { metrics } from '@opentelemetry/api'
import { expect, it } from 'vitest'
import { createStorage } from '../../src/env/node.ts'
import { measuredStorage } from '../../src/metrics/index.ts'
import { neonStorage } from '../../src/postgres/neon-fetch.ts'
import { InMemoryStorage } from '../../src/storage.ts'

it('a storage says what keeps its breakers, also where it is wrapped', async () => {
  const url = 'postgresql://u:p@ep-cool-1.eu-central-1.aws.neon.tech/db'
  const environment = createStorage({ DATABASE_URL: url })
  expect(new InMemoryStorage().backendName).toBe('in-memory')
  expect(createStorage({}, { onNotice: () => {} }).backendName).toBe('in-memory')
  expect(neonStorage(url).backendName).toBe('postgres')
  expect(environment.backendName).toBe('postgres')
  const measured = measuredStorage(environment, metrics.getMeter('test'))
  expect(measured.backendName).toBe('postgres')
  expect(typeof measured.remove).toBe('function')
  await environment.close()
})
