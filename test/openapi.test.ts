import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  APIResourceList,
  builtinResources,
  DeleteOptions,
  ListMeta,
  Status,
  subresourceFaces,
} from '#api'
import {
  encodeOpenApiV2,
  groupVersions,
  openApiV2,
  openApiV3,
  type OpenApiSource,
} from '#machinery'

const source: OpenApiSource = {
  resources: builtinResources,
  subresourceFaces,
  shared: {
    status: Status,
    deleteOptions: DeleteOptions,
    listMeta: ListMeta,
    apiResourceList: APIResourceList,
  },
  version: 'v1.36.0',
}

/** Every node below a value that has the key, with its value. */
function* valuesOf(node: unknown, key: string): Generator {
  if (typeof node !== 'object' || node === null) return
  for (const [name, part] of Object.entries(node)) {
    if (name === key) yield part
    else yield* valuesOf(part, key)
  }
}

function kindsIn(schemas: unknown): ReadonlySet<string> {
  const lists = [...valuesOf(schemas, 'x-kubernetes-group-version-kind')]
  return new Set(lists.flat().map((kind) => JSON.stringify(kind)))
}

describe('OpenAPI of the built-in kinds', () => {
  for (const gv of groupVersions(builtinResources)) {
    test(`${gv.group}/${gv.version} is complete`, () => {
      const document = openApiV3(source, gv)
      const text = JSON.stringify(document)
      const schemas: object = Object(Object(document.components).schemas)
      for (const [, name = ''] of text.matchAll(/#\/components\/schemas\/([\w.-]+)/g)) {
        assert.ok(Object.hasOwn(schemas, name), `${name} is referred to but not there`)
      }
      const ids = [...valuesOf(document.paths, 'operationId')]
      assert.equal(new Set(ids).size, ids.length)
      const kinds = kindsIn(schemas)
      for (const face of builtinResources.flatMap(({ faces }) => faces)) {
        if (face.group !== gv.group || face.version !== gv.version) continue
        const { group, kind, version } = face
        assert.ok(kinds.has(JSON.stringify({ group, kind, version })), kind)
      }
    })
  }

  test('version 2 is complete, and fits in protobuf', () => {
    const document = openApiV2(source)
    const definitions: object = Object(document.definitions)
    for (const [, name = ''] of JSON.stringify(document).matchAll(/#\/definitions\/([\w.-]+)/g)) {
      assert.ok(Object.hasOwn(definitions, name), `${name} is referred to but not there`)
    }
    const ids = [...valuesOf(document.paths, 'operationId')]
    assert.equal(new Set(ids).size, ids.length)
    const bytes = encodeOpenApiV2(document)
    assert.ok(bytes.length > 500_000)
    assert.ok(Buffer.from(bytes).includes('io.k8s.api.apps.v1.DeploymentSpec'))
  })
})
