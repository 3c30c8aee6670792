import type { NodeImages } from '#cluster'
import { silentLog } from '#base'
import { dataDirFlag, dataDirOf, services } from '../environment.ts'
import type { Args, Command, Flag } from '../flags.ts'
import { tableOf } from '../table.ts'

const flags: Readonly<Record<string, Flag>> = {
  'data-dir': { ...dataDirFlag, help: 'of a cluster that k8ts up made, or of an agent' },
  node: { value: 'NAME', help: 'only this node', fallback: 'all of the cluster' },
}

async function optionsOf(args: Args) {
  const dataDir = await dataDirOf(args)
  return { ...services, log: silentLog, dataDir, node: args.text('node') }
}

function tellNames(all: readonly NodeImages<string>[]): void {
  for (const { node, images } of all) {
    for (const name of images) process.stdout.write(`${node}: ${name}\n`)
  }
}

export const imageImport: Command = {
  name: 'image import',
  operands: ['FILE'],
  summary: 'Load an OCI or docker archive into the nodes of this machine',
  details: 'The archive may be compressed with gzip or zstd. Pods then need no registry for it.',
  flags,

  async run(args) {
    const { importArchive } = await (await import('#cluster')).loadUp()
    tellNames(await importArchive(await optionsOf(args), args.operand(0)))
    return 0
  },
}

export const imagePack: Command = {
  name: 'image pack',
  operands: ['FILE'],
  summary: 'Make images of files and the static busybox, and load them likewise',
  details: [
    "FILE is YAML: a list of images, each with name, directory (from the file's own), command and,",
    'where wanted, env.',
  ].join('\n'),
  flags,

  async run(args) {
    const { importPacked } = await (await import('#cluster')).loadUp()
    tellNames(await importPacked(await optionsOf(args), args.operand(0)))
    return 0
  },
}

export const imageList: Command = {
  name: 'image ls',
  summary: 'List the images that the nodes of this machine have',
  flags,

  async run(args) {
    const { nodeImages } = await (await import('#cluster')).loadUp()
    const all = await nodeImages(await optionsOf(args))
    const rows = all.flatMap(({ node, images }) =>
      images.map(({ name, id, sizeBytes }) => [
        node,
        name,
        id.replace('sha256:', '').slice(0, 12),
        `${(sizeBytes / 1e6).toFixed(1)} MB`,
      ]),
    )
    process.stdout.write(tableOf([['NODE', 'IMAGE', 'ID', 'SIZE'], ...rows]))
    return 0
  },
}
