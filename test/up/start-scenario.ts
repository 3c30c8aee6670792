import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { rm, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { dataDir, directory, k8ts, kubectl, output, run } from './cluster.ts'

const scripts = resolve(import.meta.dirname, '../../scripts')
const script = (name: string) =>
  run('env', [`K8TS_DATA_DIR=${dataDir}`, 'sh', join(scripts, name)], { limitMs: 150_000 })

after(async () => {
  await k8ts('down', `--data-dir=${dataDir}`)
  await rm(directory, { recursive: true, force: true })
})

test('npm start ends with two nodes and an application that answers; npm run stop leaves nothing', async () => {
  await output('ip', 'link', 'set', 'dev', 'lo', 'up')
  await symlink('another place with blanks', dataDir)
  // As with Docker and ufw on the machine, but for what its own programs say to each other.
  const firewall =
    '*filter\n:INPUT DROP\n:FORWARD DROP\n:OUTPUT ACCEPT\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n'
  assert.equal((await run('iptables-restore', [], { stdin: firewall })).code, 0)
  const rulesBefore = await output('iptables', '-S')
  const { code, out, err } = await script('start.sh')
  assert.equal(code, 0, `${err}${out}`)
  assert.match(out, /node-1 is 100\.64\.10\.11\n +node-2 is 100\.64\.10\.12/)
  assert.match(out, /http:\/\/100\.64\.10\.1[12]:30080\/ answers:\n +Shop\n +Welcome to the shop/)
  assert.match(
    out,
    /apples[^]*\(from shop-back-\S+ on node-[12]\)[^]*Version 1, served by shop-front/,
  )
  assert.match(out, /npm run stop +removes every trace of it\n$/)
  assert.equal((await kubectl('config', 'current-context')).trim(), 'k8ts')
  const again = await script('start.sh')
  assert.equal(again.code, 0, `${again.err}${again.out}`)
  assert.match(again.out, /answers:\n +Shop/)

  const stopped = await script('stop.sh')
  assert.equal(stopped.code, 0, stopped.err)
  assert.equal(existsSync(dataDir), false)
  assert.equal(await output('iptables', '-S'), rulesBefore)
  assert.match(await output('ip', '-o', 'link'), /^1: lo: [^\n]*\n$/)
})
