import { field, FieldPath, getOwn, type FieldError, type Whole } from '#machinery'
import { immutableMessage, metadataPath } from '../validation.ts'
import { base64Bytes, dataMaxBytes, validateImmutability, validateKeys } from './data-validation.ts'
import type { SecretSchema } from './secret.ts'

type Secret = Whole<typeof SecretSchema>

const path = FieldPath.root('data')
const serviceAccountName = 'kubernetes.io/service-account.name'

/** The keys that a type of secret cannot do without. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
}

export function validateSecret({ metadata, data = {}, type }: Secret): readonly FieldError[] {
  let bytes = 0
  for (const value of Object.values(data)) bytes += base64Bytes(value)
  const errors = [...validateKeys(data, path)]
  if (bytes > dataMaxBytes) errors.push(field.tooLong(path, dataMaxBytes))
  if (type === 'kubernetes.io/service-account-token') {
    if ((metadata.annotations?.[serviceAccountName] ?? '') === '') {
      errors.push(field.required(metadataPath.child('annotations').key(serviceAccountName)))
    }
  } else if (type === 'kubernetes.io/basic-auth') {
    if (data['username'] === undefined && data['password'] === undefined) {
      errors.push(field.required(path.key('username')), field.required(path.key('password')))
    }
  } else {
    for (const key of getOwn(requiredKeys, type) ?? []) {
      if (data[key] === undefined) errors.push(field.required(path.key(key)))
      else if (key.startsWith('.docker')) errors.push(...validateJson(data[key], path.key(key)))
    }
  }
  return errors
}

export function validateSecretUpdate(secret: Secret, old: Secret): readonly FieldError[] {
  const errors: FieldError[] = []
  if (secret.type !== old.type) {
    errors.push(field.invalid(FieldPath.root('type'), secret.type, immutableMessage))
  }
  errors.push(...validateImmutability(secret, old, 'data'))
  return [...errors, ...validateSecret(secret)]
}

function validateJson(base64: string, at: FieldPath): readonly FieldError[] {
  try {
    JSON.parse(Buffer.from(base64, 'base64').toString())
    return []
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return [field.invalid(at, '<secret contents redacted>', why)]
  }
}
