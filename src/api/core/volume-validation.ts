import {
  field,
  isConfigMapKey,
  isDNS1123Label,
  isDNS1123Subdomain,
  type FieldError,
  type FieldPath,
} from '#machinery'
import { duplicates, each, nonNegativeQuantity, oneOfValues, requiredText } from '../validation.ts'
import { validateFieldRef, validateResourceFieldRef } from './env-validation.ts'
import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  VolumeProjection,
} from './projected-volume.ts'
import type { Volume } from './volume.ts'

const hostPathTypes = [
  '',
  'DirectoryOrCreate',
  'Directory',
  'FileOrCreate',
  'File',
  'Socket',
  'CharDevice',
  'BlockDevice',
]
const downwardFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.labels',
  'metadata.annotations',
  'metadata.uid',
]

export function validateVolumes(
  volumes: readonly Volume[] | undefined,
  path: FieldPath,
): readonly FieldError[] {
  return [
    ...each(path, volumes, (volume, at) => [
      ...requiredText(at.child('name'), volume.name, isDNS1123Label),
      ...validateSource(volume, at),
    ]),
    ...duplicates(
      volumes,
      ({ name }) => name,
      ({ name }, at) => field.duplicate(path.index(at).child('name'), name),
    ),
  ]
}

/** Exactly one source, and that one complete. */
function validateSource(volume: Volume, path: FieldPath): readonly FieldError[] {
  const given = Object.entries(volume).filter(
    ([name, source]) => name !== 'name' && source !== undefined,
  )
  if (given.length === 0) return [field.required(path, 'must specify a volume type')]
  return [
    ...given
      .slice(1)
      .map(([name]) =>
        field.forbidden(path.child(name), 'may not specify more than 1 volume type'),
      ),
    ...validateNodeSource(volume, path),
    ...validateObjectSource(volume, path),
  ]
}

/** Sources on the node or the network. */
function validateNodeSource(volume: Volume, path: FieldPath): readonly FieldError[] {
  const { emptyDir, hostPath, nfs, csi, persistentVolumeClaim, ephemeral } = volume
  const errors: FieldError[] = []
  if (emptyDir?.sizeLimit !== undefined) {
    errors.push(...nonNegativeQuantity(path.child('emptyDir', 'sizeLimit'), emptyDir.sizeLimit))
  }
  if (hostPath !== undefined) {
    const at = path.child('hostPath')
    errors.push(...requiredText(at.child('path'), hostPath.path, noBacksteps))
    errors.push(...oneOfValues(at.child('type'), hostPath.type, hostPathTypes))
  }
  if (nfs !== undefined) {
    const at = path.child('nfs')
    errors.push(...requiredText(at.child('server'), nfs.server))
    errors.push(...requiredText(at.child('path'), nfs.path))
    if (nfs.path !== '' && !nfs.path.startsWith('/')) {
      errors.push(field.invalid(at.child('path'), nfs.path, 'must be an absolute path'))
    }
  }
  if (csi !== undefined) errors.push(...requiredText(path.child('csi', 'driver'), csi.driver))
  if (persistentVolumeClaim !== undefined) {
    const at = path.child('persistentVolumeClaim', 'claimName')
    errors.push(...requiredText(at, persistentVolumeClaim.claimName))
  }
  if (ephemeral !== undefined && ephemeral.volumeClaimTemplate === undefined) {
    errors.push(field.required(path.child('ephemeral', 'volumeClaimTemplate')))
  }
  return errors
}

/** Sources that are objects of the API. */
function validateObjectSource(volume: Volume, path: FieldPath): readonly FieldError[] {
  const { secret, configMap, downwardAPI, projected } = volume
  const errors: FieldError[] = []
  if (secret !== undefined) {
    const at = path.child('secret')
    errors.push(...requiredText(at.child('secretName'), secret.secretName))
    errors.push(...validateMode(secret.defaultMode, at.child('defaultMode')))
    errors.push(...validateItems(secret.items, at.child('items')))
  }
  if (configMap !== undefined) {
    const at = path.child('configMap')
    errors.push(...requiredText(at.child('name'), configMap.name))
    errors.push(...validateMode(configMap.defaultMode, at.child('defaultMode')))
    errors.push(...validateItems(configMap.items, at.child('items')))
  }
  if (downwardAPI !== undefined) {
    const at = path.child('downwardAPI')
    errors.push(...validateMode(downwardAPI.defaultMode, at.child('defaultMode')))
    errors.push(...each(at.child('items'), downwardAPI.items, validateDownwardFile))
  }
  if (projected !== undefined) {
    errors.push(...validateProjected(projected, path.child('projected')))
  }
  return errors
}

function validateProjected(
  { defaultMode, sources }: ProjectedVolumeSource,
  path: FieldPath,
): readonly FieldError[] {
  return [
    ...validateMode(defaultMode, path.child('defaultMode')),
    ...each(path.child('sources'), sources, validateProjection),
  ]
}

function validateProjection(source: VolumeProjection, path: FieldPath): readonly FieldError[] {
  const { secret, configMap, downwardAPI, serviceAccountToken } = source
  const given = Object.entries(source).filter(([, part]) => part !== undefined)
  if (given.length === 0) return [field.required(path, 'must specify a projected volume source')]
  const errors: FieldError[] = given
    .slice(1)
    .map(([name]) => field.forbidden(path.child(name), 'may not specify more than 1 volume type'))
  for (const [name, part] of Object.entries({ secret, configMap })) {
    if (part === undefined) continue
    errors.push(...requiredText(path.child(name, 'name'), part.name, isDNS1123Subdomain))
    errors.push(...validateItems(part.items, path.child(name, 'items')))
  }
  if (downwardAPI !== undefined) {
    errors.push(
      ...each(path.child('downwardAPI', 'items'), downwardAPI.items, validateDownwardFile),
    )
  }
  if (serviceAccountToken !== undefined) {
    const at = path.child('serviceAccountToken')
    const seconds = serviceAccountToken.expirationSeconds
    if (seconds < 600) {
      const why = 'may not specify a duration less than 10 minutes'
      errors.push(field.invalid(at.child('expirationSeconds'), seconds, why))
    } else if (seconds > 2 ** 32) {
      const why = 'may not specify a duration larger than 2^32 seconds'
      errors.push(field.invalid(at.child('expirationSeconds'), seconds, why))
    }
    errors.push(...requiredText(at.child('path'), serviceAccountToken.path, relativePath))
  }
  return errors
}

function validateItems(
  items: readonly KeyToPath[] | undefined,
  path: FieldPath,
): readonly FieldError[] {
  return each(path, items, ({ key, path: target, mode }, at) => [
    ...requiredText(at.child('key'), key, isConfigMapKey),
    ...requiredText(at.child('path'), target, relativePath),
    ...validateMode(mode, at.child('mode')),
  ])
}

function validateDownwardFile(file: DownwardAPIVolumeFile, path: FieldPath): readonly FieldError[] {
  const { fieldRef, resourceFieldRef, mode } = file
  const errors = [...requiredText(path.child('path'), file.path, relativePath)]
  if (fieldRef !== undefined) {
    errors.push(...validateFieldRef(fieldRef, downwardFields, path.child('fieldRef')))
    if (resourceFieldRef !== undefined) {
      const why = 'fieldRef and resourceFieldRef can not be specified simultaneously'
      errors.push(field.invalid(path, 'resource', why))
    }
  } else if (resourceFieldRef !== undefined) {
    const at = path.child('resourceFieldRef')
    errors.push(...validateResourceFieldRef(resourceFieldRef, at, true))
  } else {
    errors.push(field.required(path, 'one of fieldRef and resourceFieldRef is required'))
  }
  return [...errors, ...validateMode(mode, path.child('mode'))]
}

function validateMode(mode: number | undefined, path: FieldPath): readonly FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return []
  const why = 'must be a number between 0 and 0777 (octal), both inclusive'
  return [field.invalid(path, mode, why)]
}

/** A path inside a volume: relative, and never above it. */
export function relativePath(path: string): readonly string[] {
  return path.startsWith('/') ? ['must be a relative path'] : noBacksteps(path)
}

function noBacksteps(path: string): readonly string[] {
  return path.split('/').includes('..') ? ["must not contain '..'"] : []
}
