import type { Face, KubeObject, ObjectDraft, Resource } from '#machinery'
import type { UserInfo } from '../authentication/user.ts'

/** What an admission plugin sees of a write (KEP-style chain: all mutating, then all validating). */
export interface AdmissionAttributes {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly resource: Resource
  readonly face: Face
  readonly subresource: string
  readonly namespace: string
  /** Empty for a create with generateName only. */
  readonly name: string
  /** The object to be stored, in the request's face; undefined for deletes. May be changed by `admit`. */
  readonly object: ObjectDraft | undefined
  /** What stands now; undefined for creates. */
  readonly old: KubeObject | undefined
  readonly user: UserInfo
  readonly dryRun: boolean
  /** The operation's options (CreateOptions, UpdateOptions, DeleteOptions) as given. */
  readonly options: Readonly<Record<string, unknown>>
  /** Adds a warning header to the answer. */
  warn(message: string): void
}

/**
 * One plugin of the chain, in a file of its own. Refuses by throwing a StatusError. Reads the state
 * of the world synchronously through the Lookup it was made with; may wait only where waiting is
 * its purpose (webhooks, a namespace just created).
 */
export interface AdmissionPlugin {
  /** Upstream's name, such as NamespaceLifecycle. */
  readonly name: string
  /** Judges connections (exec, proxy), too; the others see writes only. */
  readonly connects?: boolean
  admit?(attributes: AdmissionAttributes): void | Promise<void>
  validate?(attributes: AdmissionAttributes): void | Promise<void>
}
