import { testConcurrency } from './concurrency.ts'

// 2,100 writes to one row. PostgreSQL plans each anew, so they take as long as thousands more of the function.
testConcurrency({ shell: 'tables only', install: 'select 1', outcomes: 80 })
