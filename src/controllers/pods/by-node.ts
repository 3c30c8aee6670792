import type { Pod } from '#api'

/** An index of pods: on which node they are. Controllers share the informer, and so the index. */
export const byNode = 'spec.nodeName'

export function nodeOfPod({ spec }: Pod): readonly string[] {
  return spec.nodeName === undefined || spec.nodeName === '' ? [] : [spec.nodeName]
}
