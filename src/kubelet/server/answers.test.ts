import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { realClock } from '#base'
import { fileBelow } from './files.ts'
import { healthz } from './healthz.ts'
import { RequestMetrics } from './request-metrics.ts'
import type { Reply } from './reply.ts'

async function bodyOf(reply: Reply): Promise<string> {
  if (reply.type === 'whole') return String(reply.body)
  if (reply.type !== 'stream') return reply.type
  let text = ''
  for await (const chunk of reply.chunks) text += String(chunk)
  return text
}

test('health is one check or all of them', async () => {
  const checks = { ping: () => undefined, syncloop: () => 'too slow' }
  const ask = (check: string | undefined, query: string) => {
    const reply = healthz(checks, check, new URLSearchParams(query))
    assert.equal(reply.type, 'whole')
    return [reply.code, reply.body]
  }
  assert.deepEqual(ask('ping', ''), [200, 'ok'])
  assert.deepEqual(ask('syncloop', ''), [500, 'internal server error: too slow\n'])
  assert.deepEqual(ask('toString', ''), [404, '404: Page Not Found'])
  const failed = '[+]ping ok\n[-]syncloop failed: reason withheld\nhealthz check failed\n'
  assert.deepEqual(ask(undefined, ''), [500, failed])
  assert.deepEqual(ask(undefined, 'exclude=syncloop'), [200, 'ok'])
  assert.deepEqual(ask(undefined, 'exclude=syncloop&verbose'), [
    200,
    '[+]ping ok\nhealthz check passed\n',
  ])
})

test('files below a directory are shown, and nothing else', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'k8ts-files-'))
  t.after(() => rm(directory, { recursive: true }))
  const root = join(directory, 'logs')
  await mkdir(join(root, 'pods'), { recursive: true })
  await writeFile(join(directory, 'secret'), 'hush')
  await writeFile(join(root, 'pods', 'a <b>.log'), 'words')
  await writeFile(join(root, 'empty'), '')
  await symlink('../secret', join(root, 'outside'))
  await symlink('pods', join(root, 'inside'))
  const show = async (path: string) => bodyOf(await fileBelow(root, path, `/logs/${path}`))
  assert.equal(await show('pods/a <b>.log'), 'words')
  assert.equal(await show('inside/a <b>.log'), 'words')
  assert.equal(await show('empty'), '')
  assert.match(await show('pods/'), /<a href="a%20%3Cb%3E.log">a &#60;b&#62;.log<\/a>/)
  assert.match(await show(''), /<a href="pods\/">pods\/<\/a>/)
  assert.deepEqual(await fileBelow(root, 'pods', '/logs/pods'), {
    type: 'redirect',
    location: 'pods/',
  })
  for (const path of ['outside', '../secret', 'pods/../../secret', 'nothing', 'empty/x']) {
    await assert.rejects(show(path), { code: 404 }, path)
  }
})

test('a file that is found, and then not sent, is not held open', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'k8ts-files-'))
  t.after(() => rm(root, { recursive: true }))
  await writeFile(join(root, 'a.log'), 'words')
  const { type } = await fileBelow(root, 'a.log', '/logs/a.log')
  assert.equal(type, 'stream')
  const open = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  )
  assert.ok(
    !open.some((path) => path.startsWith(root)),
    'collected as garbage, it ends the process',
  )
})

test('what is no file is not waited for', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'k8ts-files-'))
  t.after(() => rm(root, { recursive: true }))
  execFileSync('mkfifo', [join(root, 'pipe')])
  await assert.rejects(fileBelow(root, 'pipe', '/logs/pipe'), { code: 404 })
})

test('requests are counted, by a limited number of paths', () => {
  const metrics = new RequestMetrics(realClock)
  metrics.begin('GET', '/exec/ns/pod/main')
  metrics.begin('GET', '/pods')()
  metrics.begin('GET', '/made-up/1')()
  metrics.begin('GET', '/made-up/2')()
  const text = metrics.text()
  const labels = 'long_running="true",method="GET",path="exec",server_type="readwrite"'
  assert.ok(text.includes(`kubelet_http_inflight_requests{${labels}} 1\n`))
  assert.ok(text.includes(`kubelet_http_requests_duration_seconds_count{${labels}} 0\n`))
  assert.match(text, /requests_total\{long_running="false",method="GET",path="other",.*\} 2\n/)
  assert.match(text, /duration_seconds_bucket\{.*path="pods".*,le="\+Inf"\} 1\n/)
})
