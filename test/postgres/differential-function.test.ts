import { testDifferential } from './differential.ts'

testDifferential('function', 20_000, 1)
