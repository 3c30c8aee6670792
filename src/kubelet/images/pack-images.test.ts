import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { realClock } from '#base'
import { realExec } from '#linux'
import { listImages } from './list-images.ts'
import { packImages } from './pack-images.ts'
import { readTar } from './tar-reader.ts'

const options = { architecture: 'amd64', exec: realExec(realClock) } as const

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'k8ts-pack-images-'))
  try {
    await work(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** Members of the image's one layer. */
async function layerOf(archive: Buffer): Promise<Map<string, Buffer | undefined>> {
  const blobs: Buffer[] = []
  for await (const { content } of readTar(Readable.from([archive]), () => true)) {
    if (content !== undefined) blobs.push(content)
  }
  const largest = blobs.reduce((a, b) => (a.length > b.length ? a : b))
  const members = new Map<string, Buffer | undefined>()
  for await (const { name, content } of readTar(Readable.from([largest]), () => true)) {
    members.set(name, content)
  }
  return members
}

test('directories become an image, one over the other, with busybox below', () =>
  inDirectory(async (directory) => {
    await mkdir(join(directory, 'one/bin'), { recursive: true })
    await mkdir(join(directory, 'two/etc'), { recursive: true })
    await writeFile(join(directory, 'one/bin/run'), '#!/bin/sh\nexit\n')
    await writeFile(join(directory, 'one/file'), 'first')
    await writeFile(join(directory, 'two/file'), 'second')
    await symlink('../file', join(directory, 'two/etc/link'))
    const file = join(directory, 'images.yaml')
    await writeFile(
      file,
      '- name: example.org/a:1\n  directories: [one, two]\n  command: [/bin/run]\n  env: [A=b]\n',
    )
    const [image, ...others] = await packImages(file, options)
    assert.ok(image !== undefined && others.length === 0)
    assert.equal(image.name, 'example.org/a:1')
    const members = await layerOf(image.archive)
    assert.equal(members.get('file')?.toString(), 'second')
    for (const name of ['bin/busybox', 'bin/sh', 'bin/run', 'etc/link'])
      assert.ok(members.has(name))
    assert.ok(image.archive.includes('"Cmd":["/bin/run"]'))
    assert.ok(image.archive.includes('"A=b"]'))
    const [again] = await packImages(file, options)
    assert.ok(again !== undefined && image.archive.equals(again.archive))
  }))

test('a list of images that is wrong says where', () =>
  inDirectory(async (directory) => {
    const file = join(directory, 'images.yaml')
    const rows = [
      ['name: a', /images\.yaml: it is no list of images$/],
      ['- [', /images\.yaml: .*yaml/],
      ['- name: app\n', /\[0\]\.name: must be a whole name, such as docker\.io\/library\/app:1$/],
      ['- name: a.b/c:1\n', /\[0\]\.directories: must be paths$/],
      ['- {name: a.b/c:1, directories: [a]}\n', /\[0\]\.command: must be a program/],
      ['- {name: a.b/c:1, directories: [a], command: []}\n', /\[0\]\.command: must be a program/],
      [
        '- {name: a.b/c:1, directories: [a], command: [a], env: [b]}\n',
        /\[0\]\.env: must be texts/,
      ],
      ['- {name: a.b/c:1, directory: a}\n', /\[0\]\.directory: there is no such field$/],
      ['- 7\n', /\[0\]\.name: must be/],
    ] as const
    for (const [text, message] of rows) {
      await writeFile(file, text)
      await assert.rejects(packImages(file, options), { reason: 'InvalidImage', message }, text)
    }
    await assert.rejects(packImages(join(directory, 'none'), options), /none: ENOENT/)
  }))

test('images are listed once for each name, tags before digests', async () => {
  const image = { uid: undefined, username: '' }
  const images = async () => [
    { ...image, id: 'sha256:2', names: ['b:1', 'a:1', 'a@sha256:9'], sizeBytes: 5 },
    { ...image, id: 'sha256:1', names: ['c@sha256:8'], sizeBytes: 7 },
    { ...image, id: 'sha256:3', names: [], sizeBytes: 1 },
  ]
  assert.deepEqual(await listImages({ images }), [
    { name: '<none>', id: 'sha256:3', sizeBytes: 1 },
    { name: 'a:1', id: 'sha256:2', sizeBytes: 5 },
    { name: 'b:1', id: 'sha256:2', sizeBytes: 5 },
    { name: 'c@sha256:8', id: 'sha256:1', sizeBytes: 7 },
  ])
})
