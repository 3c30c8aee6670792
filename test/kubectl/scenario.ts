import type { Row } from './run.ts'

/** Rows that run in order, in a namespace of the scenario's name with a default ServiceAccount. */
export interface Scenario {
  readonly name: string
  readonly rows: readonly Row[]
}
