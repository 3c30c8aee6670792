import { Endpoints, EndpointSlice, Service } from '#api'
import { asError } from '#base'
import { objectKey } from '#client'
import { equalJson, hasReason } from '#machinery'
import { controller, type ControllerContext } from '../framework/controller.ts'
import { isNamespaceTerminating } from '../framework/namespace-terminating.ts'
import { managedByLabel, serviceNameLabel } from '../endpointslice/desired.ts'
import { OwnSlices } from '../endpointslice/own-slices.ts'
import { SliceWriter } from '../endpointslice/slice-writer.ts'
import {
  addressesPerSubsetMax,
  isMirrored,
  mirrorAnnotations,
  mirrored,
  mirroredBy,
  mirrorLabels,
} from './mirrored.ts'

const byEndpoints = 'mirrored-endpoints'

/**
 * Makes EndpointSlices of Endpoints that somebody writes for a service without a selector, as
 * everybody reads slices (KEP-1412).
 */
export const endpointSliceMirroringController = controller({
  name: 'endpointslice-mirroring-controller',
  account: 'endpointslicemirroring-controller',
  component: 'endpoint-slice-mirroring-controller',
  setup(context) {
    const own = new OwnSlices()
    const endpoints = context.watch(Endpoints, (each) => [objectKey(each)]).lister
    const services = context.watch(Service, (service) => [objectKey(service)], {
      relevant: (service, old) =>
        (service.spec.selector === undefined) !== (old.spec.selector === undefined),
    }).lister
    const slices = context.watch(EndpointSlice, endpointsKeys, {
      observe: {
        deleted: (slice) => {
          for (const key of endpointsKeys(slice)) own.forget(key, slice)
        },
      },
    })
    slices.addIndex(byEndpoints, endpointsKeys)

    return async (key, signal) => {
      const existing = own
        .of(key, slices.lister.byIndex(byEndpoints, key))
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      const source = endpoints.getByKey(key)
      const service = services.getByKey(key)
      const wanted =
        source !== undefined &&
        service !== undefined &&
        service.spec.selector === undefined &&
        isMirrored(source)
      const owner = source ?? existing[0]
      if (owner === undefined) return
      const labels = source === undefined ? {} : mirrorLabels(source)
      const annotations = source === undefined ? {} : mirrorAnnotations(source)
      const writer = new SliceWriter(context.client, {
        key,
        owner,
        labels,
        annotations: () => annotations,
        isCurrent: ({ metadata }) =>
          equalJson(metadata.labels, labels) && equalJson(metadata.annotations ?? {}, annotations),
        placeholder: false,
        own,
        signal,
      })
      try {
        if (wanted) await mirror(context, source, existing, writer)
        else for (const slice of existing) await writer.delete(slice)
      } catch (error) {
        if (isNamespaceTerminating(error)) return
        if (source !== undefined && !hasReason(error, 'Conflict') && !signal.aborted) {
          context.events.record(source, {
            type: 'Warning',
            reason: 'FailedToUpdateEndpointSlices',
            message: `Error updating Endpoint Slices for Endpoints ${key}: ${asError(error).message}`,
          })
        }
        throw error
      }
    }
  },
})

async function mirror(
  { events }: ControllerContext,
  source: Endpoints,
  existing: readonly EndpointSlice[],
  writer: SliceWriter,
): Promise<void> {
  const { groups, skipped } = mirrored(source)
  if (skipped > 0) {
    events.record(source, {
      type: 'Warning',
      reason: 'TooManyAddressesToMirror',
      message: `A max of ${addressesPerSubsetMax} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`,
    })
  }
  for (const family of ['IPv4', 'IPv6'] as const) {
    const ofFamily = existing.filter(({ addressType }) => addressType === family)
    await writer.write(family, groups[family], ofFamily)
  }
}

/** The Endpoints that a slice of this controller mirrors. */
function endpointsKeys({ metadata }: EndpointSlice): string[] {
  const { labels = {}, namespace = '' } = metadata
  const name = labels[serviceNameLabel] ?? ''
  return labels[managedByLabel] === mirroredBy && name !== '' ? [`${namespace}/${name}`] : []
}
