import { CREATE_FUNCTION } from '../../src/postgres/statements/function.ts'
import { testConformance } from './conformance.ts'

testConformance('function', CREATE_FUNCTION)
