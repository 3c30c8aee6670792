import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { realClock, seededRandom } from '#base'
import { FakeMounts } from '#linux'
import { podPaths } from '../pods/pod-paths.ts'
import { testPod } from '../testing/objects.ts'
import { PodVolumes } from './pod-volumes.ts'

test('a subPath is made where it is not there, and never leads out of its volume', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'k8ts-volumes-'))
  t.after(() => rm(directory, { recursive: true }))
  const data = join(directory, 'data')
  await mkdir(join(directory, 'outside'))
  await mkdir(join(data, 'inside'), { recursive: true })
  await chmod(data, 0o2770)
  await symlink('../outside', join(data, 'link'))
  await symlink('inside', join(data, 'good'))
  const volumes = new PodVolumes({
    paths: podPaths(directory, directory),
    mounts: new FakeMounts(),
    clock: realClock,
    random: seededRandom(1),
  })
  const hostPathOf = async (subPath: string) => {
    const volumeMounts = [{ name: 'data', mountPath: '/data', subPath }]
    const pod = testPod('web', {
      spec: {
        containers: [{ name: 'main', image: 'web', volumeMounts }],
        volumes: [{ name: 'data', hostPath: { path: data } }],
      },
    })
    const [container] = pod.spec.containers ?? []
    assert.ok(container !== undefined)
    const [mount] = await volumes.mountsOf(pod, container, new Map())
    return mount?.hostPath
  }
  assert.equal(await hostPathOf(''), data)
  assert.equal(await hostPathOf('a/b'), join(data, 'a/b'))
  assert.equal((await stat(join(data, 'a'))).mode & 0o7777, 0o2770)
  assert.equal(await hostPathOf('good/c'), join(data, 'inside/c'))
  const refused: readonly [string, RegExp][] = [
    ['link', /leads out of its volume/],
    ['link/new', /leads out of its volume/],
    ['a/../../outside', /must not contain '\.\.'/],
    ['..', /must not contain '\.\.'/],
    ['/a', /must not be an absolute path/],
  ]
  for (const [subPath, why] of refused) await assert.rejects(hostPathOf(subPath), why, subPath)
  assert.deepEqual(await readdir(join(directory, 'outside')), [], 'nothing was made there')
})
