import { testDifferential } from './differential.ts'

// PostgreSQL plans the whole text anew for each statement, so this takes three times as long as the function.
testDifferential('tables only', 10_000, 2)
