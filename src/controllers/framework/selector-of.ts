import {
  LabelSelector,
  selectorFromLabels,
  selectorFromObject,
  SelectorError,
  type LabelSelectorObject,
  type Labels,
} from '#machinery'

const known = new WeakMap<object, LabelSelector>()

/**
 * The selector of an object's specification, parsed once for each frozen object it stands in. One
 * that cannot be read (validation was other when it was written) selects nothing.
 */
export function selectorOf(selector: LabelSelectorObject | null | undefined): LabelSelector {
  return remembered(selector, selectorFromObject)
}

/** The same for selectors that are plain labels; without any they select nothing. */
export function selectorOfLabels(labels: Labels | undefined): LabelSelector {
  return remembered(labels, (all) =>
    Object.keys(all).length === 0 ? LabelSelector.nothing : selectorFromLabels(all),
  )
}

function remembered<T extends object>(
  source: T | null | undefined,
  parse: (source: T) => LabelSelector,
): LabelSelector {
  if (source === null || source === undefined) return LabelSelector.nothing
  let selector = known.get(source)
  if (selector === undefined) {
    selector = parsed(source, parse)
    known.set(source, selector)
  }
  return selector
}

function parsed<T>(source: T, parse: (source: T) => LabelSelector): LabelSelector {
  try {
    return parse(source)
  } catch (error) {
    if (error instanceof SelectorError) return LabelSelector.nothing
    throw error
  }
}
