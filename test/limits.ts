/**
 * The time limits of all tests, and the only ones: on a quiet machine the longest test takes a tenth of a minute or two, on a busy
 * one ten times as long. A wait (`expect.poll`) ends before its test does, so that it can say what it waited for.
 */
export const LIMITS = {
  testTimeout: 600_000,
  hookTimeout: 600_000,
  teardownTimeout: 120_000,
  expect: { poll: { timeout: 540_000, interval: 20 } },
} as const
