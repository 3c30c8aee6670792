import type { Typed } from './builder.ts'
import type { Fields, Schema, StructSchema } from './schema.ts'

/** A value of the schema as it is read: defaulted and emitted fields present, readonly throughout. */
export type ReadOf<S> =
  S extends StructSchema<infer F>
    ? string extends keyof F
      ? unknown
      : ReadFields<F>
    : S extends Typed<infer R, unknown>
      ? R
      : S extends Schema
        ? unknown
        : never

/** A value of the schema as a client may write it. */
export type InputOf<S> =
  S extends StructSchema<infer F>
    ? string extends keyof F
      ? unknown
      : InputFields<F>
    : S extends Typed<unknown, infer I>
      ? I
      : S extends Schema
        ? unknown
        : never

/** A value of the schema while it is being made: nothing readonly. */
export type MutableOf<S> = Mutable<ReadOf<S>>

/** Without `readonly`, all the way down. */
export type Mutable<T> = T extends readonly (infer E)[]
  ? Mutable<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T

type ReadFields<F extends Fields> = Flat<
  {
    readonly [
      K in keyof F as F[K]['types']['always'] extends true ? K : never
    ]: F[K]['types']['read']
  } & {
    readonly [
      K in keyof F as F[K]['types']['always'] extends true ? never : K
    ]?: F[K]['types']['read']
  }
>

type InputFields<F extends Fields> = Flat<
  {
    readonly [
      K in keyof F as F[K]['types']['required'] extends true ? K : never
    ]: F[K]['types']['input']
  } & {
    readonly [K in keyof F as F[K]['types']['required'] extends true ? never : K]?:
      | F[K]['types']['input']
      | undefined
  }
>

type Flat<T> = { [K in keyof T]: T[K] }
