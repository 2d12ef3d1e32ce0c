import { CREATE_FUNCTION } from '../../src/postgres/statements/function.ts'
import { testConcurrency } from './concurrency.ts'

testConcurrency({ shell: 'function', install: CREATE_FUNCTION, outcomes: 200 })
