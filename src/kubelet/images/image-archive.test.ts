import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, it, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { realClock } from '#base'
import { FakeExec, realExec } from '#linux'
import { KubeletError } from '../error.ts'
import { readImageArchive } from './image-archive.ts'
import { wholeImageName } from './image-name.ts'
import { machineArchitecture, pauseImage, pauseImageName } from './images.ts'
import { importImageFile, importImages } from './import-images.ts'
import { ociArchive } from './oci-archive.ts'
import { readTar } from './tar-reader.ts'
import { tar, type TarEntry } from './tar.ts'

const chunked = (bytes: Buffer, size = 1000) => {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return Readable.from(chunks)
}
const read = (bytes: Buffer) => readImageArchive(chunked(bytes), 'amd64')
const oci = (name: string, architecture: 'amd64' | 'arm64' = 'amd64') =>
  ociArchive({ name, architecture, files: [{ name: 'a', content: Buffer.from('b') }] })

const json = (value: unknown) => Buffer.from(JSON.stringify(value))

/** As `docker save` before version 25 writes it. */
function dockerArchive(tags: readonly string[] | null, architecture = 'amd64'): TarEntry[] {
  return [
    { name: 'abc.json', content: json({ architecture, os: 'linux' }) },
    { name: 'layer/' },
    { name: 'layer/layer.tar', content: tar([{ name: 'a', content: Buffer.from('b') }]) },
    {
      name: 'manifest.json',
      content: json([{ Config: 'abc.json', RepoTags: tags, Layers: ['layer/layer.tar'] }]),
    },
    { name: 'repositories', content: json({}) },
  ]
}

/** An OCI layout whose one entry is an index of these platforms. */
function indexArchive(platforms: readonly string[]): Buffer {
  const blobs = new Map<string, Buffer>()
  const add = (content: Buffer) => {
    const digest = createHash('sha256').update(content).digest('hex')
    blobs.set(`blobs/sha256/${digest}`, content)
    return { digest: `sha256:${digest}`, size: content.length }
  }
  const layer = add(Buffer.from('layer'))
  const manifests = platforms.map((architecture) => {
    const config = add(json({ architecture, os: 'linux' }))
    const manifest = add(json({ schemaVersion: 2, config, layers: [layer], architecture }))
    return { ...manifest, platform: { architecture, os: 'linux' } }
  })
  // One that is named, and not in the archive.
  const gone = {
    digest: `sha256:${'0'.repeat(64)}`,
    platform: { os: 'linux', architecture: 's390x' },
  }
  const index = add(json({ schemaVersion: 2, manifests: [...manifests, gone] }))
  const annotations = { 'org.opencontainers.image.ref.name': 'example.org/many:1' }
  return tar([
    ...[...blobs].map(([name, content]) => ({ name, content })),
    { name: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
    { name: 'index.json', content: json({ manifests: [{ ...index, annotations }] }) },
  ])
}

describe('an archive of images', () => {
  it('says whose they are, as OCI and as docker write it', async () => {
    const both = (name: string) => [{ written: name, name }]
    assert.deepEqual(await read(pauseImage('amd64')), both(pauseImageName))
    assert.deepEqual(await read(oci('busybox:1')), [
      { written: 'busybox:1', name: 'docker.io/library/busybox:1' },
    ])
    assert.deepEqual(await read(tar(dockerArchive(['app:1', 'example.org/app:2']))), [
      ...both('docker.io/library/app:1'),
      ...both('example.org/app:2'),
    ])
    assert.deepEqual(await read(indexArchive(['arm64', 'amd64'])), both('example.org/many:1'))
  })

  const layer = (bytes: Buffer) =>
    bytes.indexOf('blobs/sha256/', bytes.indexOf('blobs/sha256/\0') + 20)
  const rows: readonly (readonly [string, () => Buffer, RegExp])[] = [
    ['text', () => Buffer.from('hello\n'.repeat(1000)), /^it is no tar archive$/],
    ['nothing', () => Buffer.alloc(0), /^it is no tar archive$/],
    ['zeros', () => Buffer.alloc(4096), /^it is no tar archive$|neither an OCI nor a docker image/],
    [
      'another archive',
      () => tar([{ name: 'a', content: Buffer.from('b') }]),
      /^it is a tar archive, but neither an OCI nor a docker image is in it$/,
    ],
    ['half of a member', () => oci('a/b:1').subarray(0, 2300), /^it ends too early$/],
    [
      'a missing layer',
      () => tar(dockerArchive(['a:1']).filter(({ name }) => name !== 'layer/layer.tar')),
      /^it is not whole: layer\/layer\.tar is missing$/,
    ],
    [
      'a missing configuration',
      () => tar(dockerArchive(['a:1']).slice(1)),
      /^it is not whole: abc\.json is missing$/,
    ],
    [
      'members cut off',
      () => {
        const whole = oci('a/b:1')
        return whole.subarray(0, layer(whole))
      },
      /^it is (not whole: |no tar|a tar)|ends too early/,
    ],
    [
      'another architecture',
      () => oci('a/b:1', 'arm64'),
      /^a\/b:1 is for linux\/arm64, and this machine is linux\/amd64$/,
    ],
    [
      'several others',
      () => indexArchive(['arm64', 'riscv64']),
      /is for linux\/arm64, linux\/riscv64, and this machine/,
    ],
    [
      'docker for another',
      () => tar(dockerArchive(['a:1'], 'arm64')),
      /docker\.io\/library\/a:1 is for linux\/arm64/,
    ],
    ['no name', () => tar(dockerArchive(null)), /has no name, such as docker\.io\/library\/app:1$/],
    ['a tag for a name', () => oci('latest'), /is named latest, which is no whole name such as/],
    ['no images', () => tar([{ name: 'manifest.json', content: json([]) }]), /^it holds no image$/],
    [
      'broken JSON',
      () => tar([{ name: 'manifest.json', content: Buffer.from('[{') }]),
      /^manifest\.json in it is no JSON$/,
    ],
    [
      'strange JSON',
      () => tar([{ name: 'manifest.json', content: json([null, 7, { Config: 7 }]) }]),
      /no name/,
    ],
  ]
  for (const [what, bytes, message] of rows) {
    it(`with ${what} is refused`, async () => {
      await assert.rejects(read(bytes()), { name: 'KubeletError', reason: 'InvalidImage', message })
    })
  }

  it('is read or refused, whatever bytes it is made of', async () => {
    const whole = oci('a/b:1')
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(changes, fc.nat(whole.length), async (each, length) => {
        const bytes = Buffer.from(whole)
        for (const [at, value] of each) bytes[at] = value
        await read(bytes.subarray(0, length)).catch((error: unknown) =>
          assert.ok(error instanceof KubeletError, String(error)),
        )
      }),
      { numRuns: 500 },
    )
  })
})

describe('tar', () => {
  it('is read as the programs of this machine write it, long names included', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'k8ts-tar-'))
    try {
      const long = `${'x'.repeat(90)}/${'y'.repeat(90)}`
      await realExec(realClock).run('mkdir', ['-p', join(directory, 'in', 'x'.repeat(90))])
      await writeFile(join(directory, 'in', long), 'content')
      await writeFile(join(directory, 'in', 'empty'), '')
      await realExec(realClock).run('ln', ['-s', 'empty', join(directory, 'in', 'link')])
      for (const format of ['gnu', 'pax', 'ustar']) {
        const file = join(directory, `${format}.tar`)
        const args = ['-C', join(directory, 'in'), `--format=${format}`, '-cf', file, '.']
        await realExec(realClock).run('tar', args)
        const { stdout } = await realExec(realClock).run('tar', ['-tf', file])
        const names: string[] = []
        const found = new Map<string, string>()
        for await (const { name, content } of readTar(createReadStream(file), () => true)) {
          names.push(name)
          if (content !== undefined) found.set(name, content.toString())
        }
        const expected = stdout
          .trim()
          .split('\n')
          .map((name) => name.replace(/^\.\//, ''))
        assert.deepEqual(names, expected, format)
        assert.equal(found.get(long), 'content')
        assert.equal(found.get('empty'), '')
        assert.equal(found.has('link'), false)
      }
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})

test('names are made whole as container runtimes do it', () => {
  const rows = [
    ['busybox', 'docker.io/library/busybox:latest'],
    ['busybox:1.35', 'docker.io/library/busybox:1.35'],
    ['k8ts/shop-front:1', 'docker.io/k8ts/shop-front:1'],
    ['localhost/a', 'localhost/a:latest'],
    ['localhost:5000/a:b', 'localhost:5000/a:b'],
    ['registry.k8s.io/pause:3.10.1', 'registry.k8s.io/pause:3.10.1'],
    [`a@sha256:${'0'.repeat(64)}`, `docker.io/library/a@sha256:${'0'.repeat(64)}`],
    ['', undefined],
    ['A', undefined],
    ['a:', undefined],
    ['a b', undefined],
    ['a@sha256:0', undefined],
    ['example.org/', undefined],
    ['-x', undefined],
  ] as const
  for (const [name, whole] of rows) assert.equal(wholeImageName(name), whole, name)
})

describe('an import', () => {
  const address = '/run/c.sock'
  const common = `ctr --address ${address} --namespace k8s.io images`
  const archive = ociArchive({
    name: 'shop:1',
    architecture: machineArchitecture(),
    files: [{ name: 'a', content: Buffer.from('b') }],
  })

  it('gives images the names that pods have for them', async () => {
    const exec = new FakeExec()
    assert.deepEqual(await importImages(exec, address, archive), ['docker.io/library/shop:1'])
    assert.deepEqual(exec.calls, [
      `${common} import -`,
      `${common} tag --force shop:1 docker.io/library/shop:1`,
      `${common} remove shop:1`,
    ])
  })

  it('of a file takes it as it is, or as it was before it was compressed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'k8ts-import-'))
    try {
      const write = async (name: string, bytes: Uint8Array) => {
        await writeFile(join(directory, name), bytes)
        return join(directory, name)
      }
      for (const [path, from] of [
        [await write('a.tar', archive), join(directory, 'a.tar')],
        [await write('a.tar.gz', gzipSync(archive)), '-'],
        [await write('a.tar.zst', zstdCompressSync(archive)), '-'],
      ] as const) {
        const exec = new FakeExec()
        assert.deepEqual(await importImageFile(exec, address, path), ['docker.io/library/shop:1'])
        assert.equal(exec.calls[0], `${common} import ${from}`)
      }
      const bad: readonly (readonly [string, Uint8Array, RegExp])[] = [
        [
          'cut.tar.gz',
          gzipSync(archive).subarray(0, 300),
          /cut\.tar\.gz: .*unexpected end of file/,
        ],
        ['a.xz', Buffer.from('fd377a585a000000', 'hex'), /a\.xz: it is compressed with xz/],
        ['a.bz2', Buffer.from('BZh91AY'), /a\.bz2: it is compressed with bzip2/],
        ['a.txt', Buffer.from('hello'), /a\.txt: it is no tar archive|ends too early/],
      ]
      for (const [name, bytes, message] of bad) {
        const exec = new FakeExec()
        const run = importImageFile(exec, address, await write(name, bytes))
        await assert.rejects(run, { reason: 'InvalidImage', message })
        assert.deepEqual(exec.calls, [])
      }
      const missing = importImageFile(new FakeExec(), address, join(directory, 'none'))
      await assert.rejects(missing, { reason: 'InvalidImage', message: /none: ENOENT/ })
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  it('that containerd refuses says why', async () => {
    const exec = new FakeExec(() => {
      throw new Error('ctr: no space left on device')
    })
    await assert.rejects(importImages(exec, address, archive), {
      reason: 'RuntimeFailed',
      message: /no space left/,
    })
  })
})
