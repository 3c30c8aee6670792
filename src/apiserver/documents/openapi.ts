import { createHash } from 'node:crypto'
import { APIResourceList, DeleteOptions, ListMeta, Status, subresourceFaces } from '#api'
import {
  encodeOpenApiV2,
  encodeUtf8,
  errors,
  openApiV2,
  openApiV3,
  type GroupVersion,
  type OpenApiSource,
} from '#machinery'
import type { Catalog } from '../catalog.ts'
import { readAccept } from '../encoding/negotiate.ts'
import type { ApiRequest, DocumentAnswer } from '../request.ts'
import { jsonDocument } from './document.ts'
import { versionInfo } from './version.ts'

const v2Protobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
/** The name older clients ask by. No answer has it: they cannot parse the `@` as a media type. */
const v2ProtobufAsked = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'

/**
 * OpenAPI: v2 of everything as JSON or protobuf, v3 per group version. Large and rarely asked for,
 * so a document is made on demand and kept until the catalog changes.
 */
export class OpenApi {
  readonly #catalog: Catalog
  readonly #made = new Map<string, DocumentAnswer>()
  #generation = -1

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  /** Undefined when the path is no OpenAPI document. */
  answer(request: ApiRequest): DocumentAnswer | undefined {
    if (this.#generation !== this.#catalog.generation) {
      this.#made.clear()
      this.#generation = this.#catalog.generation
    }
    const made = this.#find(request)
    if (made === undefined) return undefined
    const etag = made.headers?.['etag']
    return etag !== undefined && request.header('if-none-match') === etag
      ? { ...made, code: 304, bytes: new Uint8Array() }
      : made
  }

  #find(request: ApiRequest): DocumentAnswer | undefined {
    const { path } = request
    if (path === '/openapi/v2') return this.#v2(request)
    if (path === '/openapi/v3') return this.#index()
    if (!path.startsWith('/openapi/v3/')) return undefined
    const [root, group = '', version] = path.slice('/openapi/v3/'.length).split('/')
    if (root === 'api' && version === undefined) return this.#v3({ group: '', version: group })
    if (root === 'apis' && version !== undefined) return this.#v3({ group, version })
    return undefined
  }

  #v2(request: ApiRequest): DocumentAnswer {
    const source = this.#source()
    for (const { type } of readAccept(request.header('accept') ?? '')) {
      if (type === v2Protobuf || type === v2ProtobufAsked) {
        return this.#once('v2 protobuf', () =>
          document(v2Protobuf, encodeOpenApiV2(openApiV2(source))),
        )
      }
      if (type === 'application/json' || type === '*/*' || type === 'application/*') {
        return this.#once('v2', () =>
          document('application/json', encodeUtf8(JSON.stringify(openApiV2(source)))),
        )
      }
    }
    throw errors.notAcceptable(['application/json', v2Protobuf])
  }

  #index(): DocumentAnswer {
    return this.#once('v3', () => {
      const paths: Record<string, { serverRelativeURL: string }> = {}
      for (const { version } of this.#catalog.groupVersions().values()) {
        const path =
          version.group === ''
            ? `api/${version.version}`
            : `apis/${version.group}/${version.version}`
        // The hash is the catalog's: documents change together with it.
        paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${this.#hash()}` }
      }
      return jsonDocument({ paths })
    })
  }

  #v3(version: GroupVersion): DocumentAnswer | undefined {
    const key = `${version.group}/${version.version}`
    if (!this.#catalog.groupVersions().has(key)) return undefined
    return this.#once(`v3 ${key}`, () =>
      document('application/json', encodeUtf8(JSON.stringify(openApiV3(this.#source(), version)))),
    )
  }

  #hash(): string {
    const names = [...this.#catalog.groupVersions()].map(
      ([key, { served }]) => `${key}:${served.map(({ resource }) => resource.name).join(',')}`,
    )
    const text = JSON.stringify([versionInfo.gitVersion, this.#generation, names])
    return createHash('sha256').update(text).digest('hex').toUpperCase()
  }

  #source(): OpenApiSource {
    return {
      resources: [...this.#catalog.resources],
      subresourceFaces,
      shared: {
        status: Status,
        deleteOptions: DeleteOptions,
        listMeta: ListMeta,
        apiResourceList: APIResourceList,
      },
      version: versionInfo.gitVersion,
    }
  }

  #once(key: string, make: () => DocumentAnswer): DocumentAnswer {
    let made = this.#made.get(key)
    if (made === undefined) this.#made.set(key, (made = make()))
    return made
  }
}

function document(contentType: string, bytes: Uint8Array): DocumentAnswer {
  const etag = `"${createHash('sha256').update(bytes).digest('hex').toUpperCase()}"`
  return { type: 'document', code: 200, contentType, bytes, headers: { etag, vary: 'Accept' } }
}
