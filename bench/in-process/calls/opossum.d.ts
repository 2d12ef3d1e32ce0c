declare module 'opossum' {
  export default class CircuitBreaker {
    constructor(
      action: () => Promise<unknown>,
      options: {
        readonly timeout: number | false
        readonly errorThresholdPercentage: number
        readonly resetTimeout: number
      },
    )
    fire(): Promise<unknown>
    open(): void
    shutdown(): void
  }
}
