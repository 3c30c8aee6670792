/**
 * Throws a TypeError that names the place of what JSON would drop, change or refuse: functions,
 * symbols, NaN and infinities, dates, maps and other class instances, undefined in lists, cycles.
 * A body that passes means the same to both transports.
 */
export function assertJson(value: unknown, path = 'body', ancestors: unknown[] = []): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) throw unfit(path, 'integers of more than 64 bits')
      return
    case 'number':
      if (!Number.isFinite(value)) throw unfit(path, String(value))
      return
    case 'object':
      break
    case 'undefined':
    case 'function':
    case 'symbol':
      throw unfit(path, typeof value)
  }
  if (value === null) return
  if (ancestors.includes(value)) throw unfit(path, 'cycles')
  ancestors.push(value)
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) assertJson(value[i], `${path}[${i}]`, ancestors)
  } else {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) {
      throw unfit(path, `instances of ${value.constructor?.name ?? 'classes'}`)
    }
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined) assertJson(item, `${path}.${key}`, ancestors)
    }
  }
  ancestors.pop()
}

function unfit(path: string, what: string): TypeError {
  return new TypeError(`${path} cannot be sent: JSON has no ${what}`)
}
