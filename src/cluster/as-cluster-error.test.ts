import assert from 'node:assert/strict'
import { it } from 'node:test'
import { PkiError } from '#pki'
import { StoreError } from '#store'
import { asClusterError } from './as-cluster-error.ts'
import { ClusterError } from './error.ts'

const system = (code: string) => Object.assign(new Error(`${code}: no`), { code })

for (const [what, error, message] of [
  ['a full disk', system('ENOSPC'), 'data directory /d has no space left: make room'],
  [
    'a full disk met by the keys',
    new PkiError('Unusable', '/d/pki/ca.key cannot be written', { cause: system('ENOSPC') }),
    'data directory /d has no space left: make room',
  ],
  [
    'a directory of somebody else',
    system('EACCES'),
    'data directory /d cannot be written: give this user the right to it, or name another directory',
  ],
  [
    'a file in its place',
    system('ENOTDIR'),
    'data directory /d is not a directory: name another one',
  ],
  ['what a room says', new StoreError('Unusable', 'it is damaged'), 'it is damaged'],
  ['what is said already', new ClusterError('as it is'), 'as it is'],
] as const) {
  it(`words ${what}`, () => assert.equal(asClusterError(error, '/d')?.message, message))
}

it('has no words for a bug', () =>
  assert.equal(asClusterError(new TypeError('x'), '/d'), undefined))
