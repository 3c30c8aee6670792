import { readFileSync } from 'node:fs'
import type { Command } from '../flags.ts'

export const version: Command = {
  name: 'version',
  summary: 'Print the versions of k8ts, of Kubernetes and of Node',
  flags: {},

  run() {
    process.stdout.write(`k8ts ${packageVersion()} (Kubernetes v1.36, Node ${process.version})\n`)
    return Promise.resolve(0)
  },
}

function packageVersion(): string {
  const file = new URL('../../../package.json', import.meta.url)
  const { version: text } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  return text
}
