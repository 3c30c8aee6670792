import type { DocumentedKind, DocumentedVersion } from '#machinery'

/** A kind as a CustomResourceDefinition describes it; tests change what they are about. */
export function widgets(change: Partial<DocumentedKind> = {}): DocumentedKind {
  return {
    group: 'example.com',
    names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'] },
    scope: 'Namespaced',
    versions: [widgetVersion('v1')],
    ...change,
  }
}

/** A version of it; its shape has the default that is given, or none. */
export function widgetVersion(
  name: string,
  { storage = true, shape = 'round' }: { storage?: boolean; shape?: string | null } = {},
): DocumentedVersion {
  return {
    name,
    served: true,
    storage,
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: {
          spec: {
            type: 'object',
            required: ['size'],
            properties: {
              size: { type: 'integer', minimum: 0 },
              color: { type: 'string', enum: ['red', 'green', 'blue'] },
              shape: { type: 'string', default: shape },
              parts: {
                type: 'array',
                items: {
                  type: 'object',
                  required: ['name'],
                  properties: { name: { type: 'string' }, weight: { type: 'number' } },
                },
                'x-kubernetes-list-type': 'map',
                'x-kubernetes-list-map-keys': ['name'],
              },
              anything: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              labels: { type: 'object', additionalProperties: { type: 'string' } },
            },
          },
          status: { type: 'object', properties: { seen: { type: 'integer' } } },
        },
      },
    },
    subresources: { status: {} },
    additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
    selectableFields: [{ jsonPath: '.spec.color' }],
  }
}
