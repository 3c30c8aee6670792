import { readFileSync } from 'node:fs'
import { dataDirFlag, dataDirOf } from '../environment.ts'
import type { Command } from '../flags.ts'

export const kubeconfig: Command = {
  name: 'kubeconfig',
  summary: "Print a kubeconfig of the cluster's administrator",
  flags: { 'data-dir': dataDirFlag },

  async run(args) {
    const { ClusterError, dataDirectoryAt } = await import('#cluster')
    const { adminKubeconfig, path } = dataDirectoryAt(await dataDirOf(args))
    let text: string
    try {
      text = readFileSync(adminKubeconfig, 'utf8')
    } catch (cause) {
      const why = `data directory ${path} holds no kubeconfig: start the server first`
      throw new ClusterError(why, { cause })
    }
    process.stdout.write(text)
    return 0
  },
}
