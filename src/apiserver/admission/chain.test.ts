import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Pod } from '#api'
import type { AdmissionAttributes } from './admission.ts'
import { AdmissionChain } from './chain.ts'

it('shows connections to those only who judge them', async () => {
  const seen: string[] = []
  const plugin = (name: string, connects: boolean) => ({
    name,
    connects,
    admit: ({ operation }: AdmissionAttributes) => void seen.push(`${name} admits ${operation}`),
    validate: ({ operation }: AdmissionAttributes) =>
      void seen.push(`${name} validates ${operation}`),
  })
  const chain = new AdmissionChain([plugin('a', false), plugin('b', true)])
  const attributes: AdmissionAttributes = {
    operation: 'CONNECT',
    resource: Pod,
    face: Pod.faces[0],
    subresource: 'exec',
    namespace: 'default',
    name: 'web',
    object: undefined,
    old: undefined,
    user: { name: 'admin', uid: '', groups: [], extra: {} },
    dryRun: false,
    options: {},
    warn() {},
  }
  await chain.admit(attributes)
  await chain.validate(attributes)
  await chain.validate({ ...attributes, operation: 'DELETE' })
  assert.deepEqual(seen, [
    'b admits CONNECT',
    'b validates CONNECT',
    'a validates DELETE',
    'b validates DELETE',
  ])
})
