import { realClock, realRandom, silentLog } from '#base'
import { joinCluster } from '#cluster'

/** A machine that joins, in a process of its own that can be killed: server, token, name, directory. */
const [server = '', token = '', nodeName = '', directory = ''] = process.argv.slice(2)
await using joined = await joinCluster({
  clock: realClock,
  random: realRandom,
  log: silentLog,
  server,
  token,
  nodeName,
  directory,
  signal: new AbortController().signal,
})
process.stdout.write(`${joined.kubeconfig}\n`)
