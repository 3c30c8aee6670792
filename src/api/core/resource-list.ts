import { parseQuantity, Quantity } from '#machinery'

/** Amounts by the name of the resource. */
export type ResourceList = Readonly<Record<string, string>>

/** Amounts are kept to the thousandth: smaller parts are rounded up, in place. */
export function roundToMilli(list: Record<string, string> | undefined): void {
  for (const [name, amount] of Object.entries(list ?? {})) {
    if (!/[nu]$/.test(amount)) continue
    const rounded = Quantity.of(parseQuantity(amount).toMilli(), -3)
    if (list !== undefined) list[name] = rounded.toString()
  }
}

/** Adds the amounts of `more` to `sum`, in place. */
export function addResources(sum: Map<string, Quantity>, more: ResourceList | undefined): void {
  for (const [name, amount] of Object.entries(more ?? {})) {
    const quantity = parseQuantity(amount)
    sum.set(name, sum.get(name)?.add(quantity) ?? quantity)
  }
}

/** Raises the amounts of `peak` to those of `other`, in place. */
export function raiseResources(
  peak: Map<string, Quantity>,
  other: ReadonlyMap<string, Quantity>,
): void {
  for (const [name, quantity] of other) {
    const before = peak.get(name)
    if (before === undefined || before.compare(quantity) < 0) peak.set(name, quantity)
  }
}
