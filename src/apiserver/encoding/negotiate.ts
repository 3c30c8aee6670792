import { errors } from '#machinery'
import type { ApiRequest } from '../request.ts'

/** How an answer is written: the format, and what of the object is shown. */
export interface Representation {
  readonly format: 'json' | 'yaml' | 'protobuf'
  readonly pretty: boolean
  /** Undefined: the object itself. */
  readonly as: 'Table' | 'PartialObjectMetadata' | undefined
  /** Version of the meta.k8s.io form. */
  readonly version: 'v1' | 'v1beta1'
  readonly contentType: string
}

interface Range {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly quality: number
}

const protobufType = 'application/vnd.kubernetes.protobuf'
const accepted = ['application/json', 'application/yaml', protobufType]
const acceptedStreams = ['application/json;stream=watch', `${protobufType};stream=watch`]

/**
 * Chooses from the Accept header, in the client's order of preference. A form that the answer does
 * not have is passed over; a 406 says what there is.
 */
export function negotiate(
  request: ApiRequest,
  { streams, protobuf }: { readonly streams: boolean; readonly protobuf: boolean },
): Representation {
  for (const range of readAccept(request.header('accept') ?? '')) {
    if (!protobuf && range.type === protobufType) continue
    const found = representation(request, range, streams)
    if (found !== undefined) return found
  }
  throw errors.notAcceptable(streams ? acceptedStreams : accepted)
}

function representation(
  request: ApiRequest,
  { type, parameters }: Range,
  streams: boolean,
): Representation | undefined {
  const format = formatOf(type)
  if (format === undefined || (format === 'yaml' && streams)) return undefined
  const as = parameters.get('as')
  const group = parameters.get('g')
  const version = parameters.get('v')
  // Tables and metadata alone are made from JSON; a client that wants them asks for JSON, too.
  if (format === 'protobuf' && as !== undefined) return undefined
  const contentType =
    contentTypes[format] + (format === 'protobuf' && streams ? ';stream=watch' : '')
  const pretty = format === 'json' && !streams && wantsPretty(request)
  if (as === undefined) return { format, pretty, as: undefined, version: 'v1', contentType }
  if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined
  const contentTypeAs = `${contentType};as=${as};g=${group};v=${version}`
  if (as === 'Table') return { format, pretty, as, version, contentType: contentTypeAs }
  if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') {
    return { format, pretty, as: 'PartialObjectMetadata', version, contentType: contentTypeAs }
  }
  return undefined
}

const contentTypes = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: protobufType,
} as const

function formatOf(type: string): Representation['format'] | undefined {
  switch (type) {
    case 'application/json':
    case '*/*':
    case 'application/*':
      return 'json'
    case 'application/yaml':
      return 'yaml'
    case protobufType:
      return 'protobuf'
    default:
      return undefined
  }
}

/** The ranges of an Accept header, best first; none at all accepts anything. */
export function readAccept(header: string): readonly Range[] {
  if (header.trim() === '') return [{ type: '*/*', parameters: new Map(), quality: 1 }]
  const ranges = header.split(',').map((part) => {
    const [type = '', ...rest] = part.split(';').map((text) => text.trim())
    const parameters = new Map(
      rest.map((parameter) => {
        const equals = parameter.indexOf('=')
        return equals === -1
          ? ([parameter, ''] as const)
          : ([parameter.slice(0, equals).trim(), parameter.slice(equals + 1).trim()] as const)
      }),
    )
    const quality = Number(parameters.get('q') ?? '1')
    return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 1 : quality }
  })
  return ranges.filter((range) => range.quality > 0).sort((a, b) => b.quality - a.quality)
}

/** Asked for, or asked by a person with a browser or a command line client. */
function wantsPretty(request: ApiRequest): boolean {
  const asked = request.query.get('pretty')
  if (asked !== null) return asked !== 'false' && asked !== '0'
  return /^(curl|Wget|Mozilla\/5\.0)/.test(request.header('user-agent') ?? '')
}
