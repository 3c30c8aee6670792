import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConfigMapInput, DeploymentInput, SecretInput, ServiceInput } from '#api'
import { readYamlDocuments } from '#machinery'

export const shopDirectory = join(import.meta.dirname, '../../examples/shop')

interface Kinds {
  readonly ConfigMap: ConfigMapInput
  readonly Deployment: DeploymentInput
  readonly Secret: SecretInput
  readonly Service: ServiceInput
}

/** The objects of a kind in the example's manifest. What they are, the API server checks. */
export function shopObjects<K extends keyof Kinds>(kind: K): Kinds[K][] {
  const text = readFileSync(join(shopDirectory, 'shop.yaml'), 'utf8')
  return readYamlDocuments(text)
    .map(({ value }) => value as Kinds[K] & { readonly kind: string })
    .filter((object) => object.kind === kind)
}
