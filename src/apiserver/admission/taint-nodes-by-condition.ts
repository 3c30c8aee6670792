import { Node } from '#api'
import type { Mutable } from '#machinery'
import type { AdmissionPlugin } from './admission.ts'

const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' } as const

/** A new node takes no pods before its controller has seen that it is ready. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  admit({ operation, resource, subresource, object }) {
    if (operation !== 'CREATE' || resource !== Node || subresource !== '') return
    const { spec } = object as Mutable<Node>
    const taints = spec.taints ?? []
    const has = taints.some(({ key, effect }) => key === notReady.key && effect === notReady.effect)
    if (!has) spec.taints = [...taints, { ...notReady }]
  },
}
