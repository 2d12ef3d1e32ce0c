declare module 'opossum' {
  export default class CircuitBreaker<T> {
    constructor(action: () => Promise<T>, options: { readonly timeout: number | false })
    fire(): Promise<T>
  }
}
