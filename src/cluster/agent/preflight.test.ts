import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkNodeDirectory, problemOf, type MachineFacts } from './preflight.ts'

const good: MachineFacts = {
  isRoot: true,
  missingPrograms: [],
  missingPlugins: [],
  fileSystems: ['sysfs', 'overlay'],
  cgroups: true,
}

for (const [what, facts, problem] of [
  ['a machine that has everything', {}, undefined],
  ['no root', { isRoot: false }, 'nodes need root: run this with sudo'],
  [
    'missing programs',
    { missingPrograms: ['containerd', 'ctr', 'nft'] },
    'this machine lacks what nodes run: containerd, ctr, nft; on Debian: apt-get install containerd nftables',
  ],
  [
    'missing plugins',
    { missingPlugins: ['ptp'] },
    'this machine lacks what nodes run: CNI plugin ptp; on Debian: apt-get install containernetworking-plugins',
  ],
  [
    'a kernel without overlayfs',
    { fileSystems: ['ext4'] },
    'the kernel has no overlayfs, which containers need: load the module overlay',
  ],
  [
    'no cgroups',
    { cgroups: false },
    'no cgroup file system is mounted: mount one at /sys/fs/cgroup',
  ],
] as const) {
  test(`says what stands in the way: ${what}`, () => {
    assert.equal(problemOf({ ...good, ...facts }), problem)
  })
}

test('a directory that overlayfs would take for two is refused, one with blanks is not', () => {
  checkNodeDirectory('/srv/my clusters/"one"=1')
  for (const path of ['/srv/a,b', '/srv/a:b', '/srv/a\\b']) {
    assert.throws(() => checkNodeDirectory(path), {
      name: 'ClusterError',
      message: /keep nodes elsewhere/,
    })
  }
})
