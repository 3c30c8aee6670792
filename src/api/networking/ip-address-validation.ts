import {
  isDNS1123Subdomain,
  isValidIP,
  isValidPathSegmentName,
  field,
  type FieldError,
  type Whole,
} from '#machinery'
import { unchanged } from '../immutable.ts'
import { optionalText, requiredText, specPath } from '../validation.ts'
import type { IPAddressSchema } from './ip-address.ts'

type IPAddress = Whole<typeof IPAddressSchema>

const parentPath = specPath.child('parentRef')

/** The name is the address, in canonical form; there are no generated ones. */
export function validateIPAddressName(name: string): readonly string[] {
  return isValidIP(name)
}

export function validateIPAddress({ spec }: IPAddress): readonly FieldError[] {
  const { parentRef } = spec
  if (parentRef === undefined) return [field.required(parentPath)]
  return [
    // The core group, in which Services are, is the empty one.
    ...optionalText(parentPath.child('group'), parentRef.group, isDNS1123Subdomain),
    ...requiredText(parentPath.child('resource'), parentRef.resource, isValidPathSegmentName),
    ...requiredText(parentPath.child('name'), parentRef.name, isValidPathSegmentName),
    ...optionalText(parentPath.child('namespace'), parentRef.namespace, isValidPathSegmentName),
  ]
}

export function validateIPAddressUpdate(address: IPAddress, old: IPAddress): readonly FieldError[] {
  return [
    ...validateIPAddress(address),
    ...unchanged(parentPath, address.spec.parentRef, old.spec.parentRef),
  ]
}
