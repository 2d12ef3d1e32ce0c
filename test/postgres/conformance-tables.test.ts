import { testConformance } from './conformance.ts'

testConformance('tables only', '')
