import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LinuxError } from './error.ts'
import { nftIn, parseSets } from './nft.ts'
import { FakeExec } from './testing/fakes.ts'
import { FakeNft } from './testing/fake-nft.ts'

const table = { family: 'ip', name: 't' } as const

test('nft runs in the namespace', async () => {
  const exec = new FakeExec(() => 'table ip t {}')
  const nft = nftIn(exec, '/run/netns/one')
  await nft.apply('add table ip t')
  await nft.check('add table ip t')
  assert.equal(await nft.listChain(table, 'c'), 'table ip t {}')
  const enter = 'nsenter --net=/run/netns/one -- nft'
  assert.deepEqual(exec.calls, [`${enter} -f -`, `${enter} -c -f -`, `${enter} list chain ip t c`])
})

test('what is not there is no error, anything else is', async () => {
  const failing = (message: string) =>
    nftIn(
      new FakeExec(() => {
        throw new LinuxError('CommandFailed', message)
      }),
    )
  const absent = failing('nft list …: Error: No such file or directory')
  assert.equal(await absent.listChain(table, 'c'), undefined)
  assert.deepEqual(await absent.listSets(table), [])
  const denied = failing('nft list …: Operation not permitted (you must be root)')
  await assert.rejects(denied.listChain(table, 'c'), { reason: 'CommandFailed' })
  await assert.rejects(absent.apply('flush table ip t'), { reason: 'CommandFailed' })
})

test('sets are read with the time their members have left', () => {
  const set = (name: string, elem: unknown, family = 'ip') => ({
    set: { family, name, table: 't', type: 'ipv4_addr', elem },
  })
  const nftables = [
    { metainfo: { version: '1.0.6' } },
    set('plain', ['10.0.0.1', { prefix: { addr: '10.1.0.0', len: 16 } }]),
    set('timed', [{ elem: { val: '10.0.0.1', timeout: 60, expires: 30 } }]),
    set('empty', undefined),
    set('foreign', ['10.0.0.1'], 'ip6'),
    { set: null },
    'nonsense',
  ]
  const bare = { timeoutSeconds: undefined, expiresSeconds: undefined }
  assert.deepEqual(parseSets(JSON.stringify({ nftables }), table), [
    { name: 'plain', elements: [{ value: '10.0.0.1', ...bare }] },
    {
      name: 'timed',
      elements: [{ value: '10.0.0.1', timeoutSeconds: 60, expiresSeconds: 30 }],
    },
    { name: 'empty', elements: [] },
  ])
  assert.deepEqual(parseSets('{}', table), [])
})

const whole = [
  'add table ip t',
  'add set ip t s { type ipv4_addr ; flags dynamic,timeout ; }',
  'add map ip t m { type ipv4_addr : verdict ; }',
  'add chain ip t to',
  'add chain ip t from',
  'add rule ip t to drop',
  'add rule ip t from ip saddr @s goto to',
  'add element ip t m { 10.0.0.1 : goto to, 10.0.0.2 : drop }',
].join('\n')

const refusedScripts: readonly [string, string][] = [
  ['a rule of no chain', 'add rule ip t other drop'],
  ['a rule that leads nowhere', 'add rule ip t from jump other'],
  ['an element that leads nowhere', 'add element ip t m { 10.0.0.3 : goto other }'],
  ['an element that is there otherwise', 'add element ip t m { 10.0.0.2 : accept }'],
  ['the deletion of no element', 'delete element ip t m { 10.0.0.9 }'],
  ['the deletion of a chain that is led to', 'delete chain ip t to'],
  ['the deletion of a set that is used', 'delete set ip t s'],
  ['a table that is not there', 'add chain ip other c'],
  ['what it does not know', 'rename chain ip t to there'],
]
for (const [what, script] of refusedScripts) {
  test(`the twin refuses ${what}, and all that came with it`, async () => {
    const nft = new FakeNft()
    await nft.apply(whole)
    const before = nft.dump()
    await assert.rejects(nft.apply(`add chain ip t new\n${script}`), { reason: 'CommandFailed' })
    assert.equal(nft.dump(), before)
  })
}

test('the twin lets go in any order within a transaction', async () => {
  const nft = new FakeNft()
  await nft.apply(whole)
  await nft.apply(
    'delete chain ip t to\nflush chain ip t from\ndelete element ip t m { 10.0.0.1 }\ndelete set ip t s',
  )
  assert.equal(await nft.listChain(table, 'to'), undefined)
  assert.equal(await nft.listChain(table, 'from'), '')
  assert.deepEqual(await nft.listSets(table), [])
})
