import type { KubeObject } from '#machinery'

export const isDefaultClassAnnotation = 'storageclass.kubernetes.io/is-default-class'
const betaAnnotation = 'storageclass.beta.kubernetes.io/is-default-class'

/** The name of a storage class, with a mark when claims without a class get it. */
export function displayName({ metadata: { name = '', annotations = {} } }: KubeObject): string {
  const marked =
    annotations[isDefaultClassAnnotation] === 'true' || annotations[betaAnnotation] === 'true'
  return marked ? `${name} (default)` : name
}
