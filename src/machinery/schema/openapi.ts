import type { GroupVersion, GroupVersionKind } from '../names.ts'
import type { Face, Resource } from '../resource.ts'
import { OpenApiSchemas, type Node } from './openapi-schemas.ts'
import {
  apiPaths,
  mediaTypes,
  type ApiOperation,
  type ApiPath,
  type Body,
} from './openapi-paths.ts'
import type { Json, StructSchema } from './schema.ts'

/** What the documents are derived from. */
export interface OpenApiSource {
  readonly resources: readonly Resource[]
  /** Kinds that are bodies of subresources only, such as Scale. */
  readonly subresourceFaces: readonly Face[]
  /** Types that all kinds share. */
  readonly shared: {
    readonly status: StructSchema
    readonly deleteOptions: StructSchema
    readonly listMeta: StructSchema
    readonly apiResourceList: StructSchema
  }
  /** What the documents call themselves, such as v1.36.0. */
  readonly version: string
}

/**
 * The OpenAPI v3 document of a group and version: its resources' paths and every schema they
 * mention. A plain value, made anew by each call; who serves it keeps it.
 *
 * It says what kubectl asks: kinds by `x-kubernetes-group-version-kind`, how lists and structs are
 * merged, and by the query parameters of PATCH whether dry runs, field validation and server-side
 * apply are there. Descriptions are left out.
 */
export function openApiV3(source: OpenApiSource, gv: GroupVersion): Node {
  const schemas = schemasOf(source, 3)
  const paths = apiPaths(gv, source.resources, faceIn(source)).map(
    (path) => [path.path, pathV3(source, schemas, path)] as const,
  )
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: source.version },
    paths: Object.fromEntries(paths),
    components: {
      schemas: schemas.all(),
      securitySchemes: { BearerToken: bearerToken },
    },
  }
}

/** The OpenAPI v2 document of everything. */
export function openApiV2(source: OpenApiSource): Node {
  const schemas = schemasOf(source, 2)
  const paths = groupVersions(source.resources).flatMap((gv) =>
    apiPaths(gv, source.resources, faceIn(source)).map(
      (path) => [path.path, pathV2(source, schemas, path)] as const,
    ),
  )
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: source.version },
    paths: Object.fromEntries(paths),
    definitions: schemas.all(),
    securityDefinitions: { BearerToken: bearerToken },
    security: [{ BearerToken: [] }],
  }
}

const bearerToken = { type: 'apiKey', name: 'authorization', in: 'header' }
const unauthorized = { description: 'Unauthorized' }

/** The group versions that resources are served in, in their order. */
export function groupVersions(resources: readonly Resource[]): readonly GroupVersion[] {
  const found = new Map<string, GroupVersion>()
  for (const { faces } of resources) {
    for (const { group, version } of faces) found.set(`${group}/${version}`, { group, version })
  }
  return [...found.values()]
}

function schemasOf({ resources, shared }: OpenApiSource, version: 2 | 3): OpenApiSchemas {
  const schemas = new OpenApiSchemas(version)
  schemas.addKind(shared.status.name, { group: '', version: 'v1', kind: 'Status' })
  for (const gv of groupVersions(resources)) {
    schemas.addKind(shared.deleteOptions.name, { ...gv, kind: 'DeleteOptions' })
  }
  return schemas
}

function faceIn({
  resources,
  subresourceFaces,
}: OpenApiSource): (kind: GroupVersionKind) => Face | undefined {
  const all = [...resources.flatMap(({ faces }) => faces), ...subresourceFaces]
  return ({ group, version, kind }) =>
    all.find((face) => face.group === group && face.version === version && face.kind === kind)
}

function schemaOfBody({ shared }: OpenApiSource, schemas: OpenApiSchemas, body: Body): Node {
  switch (body.is) {
    case 'object':
      return schemas.object(body.face)
    case 'list':
      return schemas.list(body.face, shared.listMeta)
    case 'status':
      return schemas.struct(shared.status)
    case 'deleteOptions':
      return schemas.struct(shared.deleteOptions)
    case 'resources':
      return schemas.struct(shared.apiResourceList)
    case 'patch':
      return schemas.named('io.k8s.apimachinery.pkg.apis.meta.v1.Patch', { type: 'object' })
    case 'text':
      return { type: 'string' }
  }
}

function pathV3(source: OpenApiSource, schemas: OpenApiSchemas, path: ApiPath): Node {
  const parameters = pathParameters(path.path).map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', uniqueItems: true },
  }))
  return {
    ...(parameters.length === 0 ? {} : { parameters }),
    ...Object.fromEntries(
      path.operations.map((operation) => [
        operation.method,
        operationV3(source, schemas, operation),
      ]),
    ),
  }
}

function operationV3(
  source: OpenApiSource,
  schemas: OpenApiSchemas,
  operation: ApiOperation,
): Node {
  const content = (types: readonly string[], body: Body): Json => {
    const schema = schemaOfBody(source, schemas, body)
    return Object.fromEntries(types.map((type) => [type, { schema }]))
  }
  const { query, body } = operation
  return {
    ...common(operation),
    ...(query.length === 0
      ? {}
      : {
          parameters: query.map(({ name, type }) => ({
            name,
            in: 'query',
            schema: { type, uniqueItems: true },
          })),
        }),
    ...(body === undefined ? {} : { requestBody: { content: content(operation.consumes, body) } }),
    responses: {
      ...Object.fromEntries(
        operation.responses.map(([code, answer]) => [
          String(code),
          {
            description: reasons[code] ?? '',
            content: content(answer.is === 'text' ? ['*/*'] : mediaTypes, answer),
          },
        ]),
      ),
      '401': unauthorized,
    },
  }
}

function pathV2(source: OpenApiSource, schemas: OpenApiSchemas, path: ApiPath): Node {
  const parameters = pathParameters(path.path).map((name) => ({
    name,
    in: 'path',
    required: true,
    type: 'string',
    uniqueItems: true,
  }))
  return {
    ...Object.fromEntries(
      path.operations.map((operation) => [
        operation.method,
        operationV2(source, schemas, operation),
      ]),
    ),
    ...(parameters.length === 0 ? {} : { parameters }),
  }
}

function operationV2(
  source: OpenApiSource,
  schemas: OpenApiSchemas,
  operation: ApiOperation,
): Node {
  const { query, body, responses } = operation
  const bodies: readonly Node[] =
    body === undefined
      ? []
      : [
          {
            name: 'body',
            in: 'body',
            ...(body.is === 'deleteOptions' ? {} : { required: true }),
            schema: schemaOfBody(source, schemas, body),
          },
        ]
  const parameters = [
    ...bodies,
    ...query.map(({ name, type }) => ({ name, in: 'query', type, uniqueItems: true })),
  ]
  return {
    ...common(operation),
    consumes: operation.consumes,
    produces: responses.some(([, answer]) => answer.is === 'text') ? ['*/*'] : mediaTypes,
    schemes: ['https'],
    ...(parameters.length === 0 ? {} : { parameters }),
    responses: {
      ...Object.fromEntries(
        responses.map(([code, answer]) => [
          String(code),
          { description: reasons[code] ?? '', schema: schemaOfBody(source, schemas, answer) },
        ]),
      ),
      '401': unauthorized,
    },
  }
}

const reasons: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }

function common({ id, tag, description, action, kind }: ApiOperation): Node {
  return {
    tags: [tag],
    description,
    operationId: id,
    ...(action === undefined ? {} : { 'x-kubernetes-action': action }),
    ...(kind === undefined
      ? {}
      : {
          'x-kubernetes-group-version-kind': {
            group: kind.group,
            kind: kind.kind,
            version: kind.version,
          },
        }),
  }
}

function pathParameters(path: string): readonly string[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name)
}
