import {
  LabelSelector,
  selectorFromLabels,
  type LabelSelectorObject,
  type Labels,
} from '#machinery'
import { readSelector, selectorKey } from './affinity-terms.ts'
import type { Owner, PodShape } from './pod-info.ts'

/** What has a selector for pods that plugins look at. */
export interface Workload {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** A PodDisruptionBudget, as far as evictions heed it. */
export interface Budget {
  readonly selector: LabelSelector
  /** How many more pods may go. */
  readonly allowed: number
  /** Names of pods whose eviction is counted already. */
  readonly disrupted: ReadonlySet<string>
}

/**
 * What plugins need to know of other objects than pods and nodes: labels of namespaces, which pods
 * Services and controllers select, and disruption budgets. Nothing is kept of an object but that.
 */
export class ClusterObjects {
  readonly #namespaces = new Map<string, Labels>()
  #namespacesVersion = 0
  readonly #services = new Map<string, Map<string, LabelSelector>>()
  readonly #controllers = new Map<string, LabelSelector>()
  #selectorsVersion = 0
  readonly #budgets = new Map<string, Map<string, Budget>>()

  /** Changes when namespaces or their labels do. */
  get namespacesVersion(): number {
    return this.#namespacesVersion
  }

  /** Changes when a selector does. */
  get selectorsVersion(): number {
    return this.#selectorsVersion
  }

  /** Undefined where the namespace is not known yet. */
  labelsOf(namespace: string): Labels | undefined {
    return this.#namespaces.get(namespace)
  }

  /** Names of namespaces with such labels. */
  namespacesWith(selector: LabelSelector): string[] {
    const found = [...this.#namespaces].filter(([, labels]) => selector.matches(labels))
    return found.map(([name]) => name).sort()
  }

  /**
   * Selects the pods that do the same work as this one: those of its Services, and of its
   * ReplicationController, ReplicaSet or StatefulSet, all together. Without any, everything.
   */
  selectorFor({ namespace, labels, controller }: PodShape): LabelSelector {
    const merged: Record<string, string> = {}
    for (const selector of this.#services.get(namespace)?.values() ?? []) {
      if (!selector.matches(labels)) continue
      // A Service's selector is labels, which this pod has: they do not conflict.
      for (const { key, values } of selector.requirements) merged[key] = values[0] ?? ''
    }
    const ofServices = selectorFromLabels(merged)
    const own = controller && this.#controllers.get(ownerKey(namespace, controller))
    if (own === undefined) return ofServices
    if (own === LabelSelector.nothing) return own
    return LabelSelector.of([...ofServices.requirements, ...own.requirements])
  }

  setNamespace(name: string, labels: Labels): void {
    this.#namespaces.set(name, labels)
    this.#namespacesVersion++
  }

  removeNamespace(name: string): void {
    this.#namespaces.delete(name)
    this.#namespacesVersion++
  }

  setService(namespace: string, name: string, selector: Labels | undefined): void {
    if (selector === undefined || Object.keys(selector).length === 0) {
      this.removeService(namespace, name)
      return
    }
    let services = this.#services.get(namespace)
    if (services === undefined) this.#services.set(namespace, (services = new Map()))
    this.#replace(services, name, selectorFromLabels(selector))
  }

  removeService(namespace: string, name: string): void {
    const services = this.#services.get(namespace)
    if (services?.delete(name) !== true) return
    if (services.size === 0) this.#services.delete(namespace)
    this.#selectorsVersion++
  }

  setController(workload: Workload, selector: LabelSelectorObject | null | undefined): void {
    this.#replace(this.#controllers, ownerKey(workload.namespace, workload), readSelector(selector))
  }

  removeController(workload: Workload): void {
    if (this.#controllers.delete(ownerKey(workload.namespace, workload))) this.#selectorsVersion++
  }

  budgetsIn(namespace: string): Iterable<Budget> {
    return this.#budgets.get(namespace)?.values() ?? []
  }

  setBudget(namespace: string, name: string, budget: Budget): void {
    let budgets = this.#budgets.get(namespace)
    if (budgets === undefined) this.#budgets.set(namespace, (budgets = new Map()))
    budgets.set(name, budget)
  }

  removeBudget(namespace: string, name: string): void {
    const budgets = this.#budgets.get(namespace)
    budgets?.delete(name)
    if (budgets?.size === 0) this.#budgets.delete(namespace)
  }

  #replace(selectors: Map<string, LabelSelector>, key: string, selector: LabelSelector): void {
    const before = selectors.get(key)
    if (before !== undefined && selectorKey(before) === selectorKey(selector)) return
    selectors.set(key, selector)
    this.#selectorsVersion++
  }
}

function ownerKey(namespace: string, { apiVersion, kind, name }: Owner): string {
  return `${apiVersion}/${kind}/${namespace}/${name}`
}
