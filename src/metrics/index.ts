/**
 * What breakers are doing, for machines: Prometheus text from the storage, OpenTelemetry from each
 * instance.
 * @module
 */
export {
  type MeterLike,
  measuredStorage,
  type OpenTelemetryHooks,
  openTelemetryHooks,
} from './opentelemetry.ts'
export { type PrometheusOptions, prometheusResponse, prometheusText } from './prometheus.ts'
