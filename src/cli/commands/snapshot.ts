import { silentLog } from '#base'
import type { SnapshotStatus } from '#cluster'
import { dataDirFlag, dataDirOf, services } from '../environment.ts'
import type { Command } from '../flags.ts'

export const snapshotSave: Command = {
  name: 'snapshot save',
  operands: ['FILE'],
  summary: 'Write all objects to a file, from a running server or its data directory',
  details: 'The keys and certificates in the data directory are not part of it.',
  flags: { 'data-dir': dataDirFlag },

  async run(args) {
    const { saveClusterSnapshot } = await import('#cluster')
    print(
      await saveClusterSnapshot(await dataDirOf(args), args.operand(0), {
        ...services,
        log: silentLog,
      }),
    )
    return 0
  },
}

export const snapshotRestore: Command = {
  name: 'snapshot restore',
  operands: ['FILE'],
  summary: 'Make the store of a data directory from a snapshot',
  details: 'The directory must hold no store yet, and its server must not run.',
  flags: { 'data-dir': dataDirFlag },

  async run(args) {
    const { restoreClusterSnapshot } = await import('#cluster')
    print(await restoreClusterSnapshot(await dataDirOf(args), args.operand(0), services.clock))
    return 0
  },
}

export const snapshotShow: Command = {
  name: 'snapshot status',
  operands: ['FILE'],
  summary: 'Check a snapshot and say what it holds',
  flags: {},

  async run(args) {
    const { snapshotStatus } = await import('#cluster')
    print(await snapshotStatus(args.operand(0)))
    return 0
  },
}

function print({ revision, keys, sizeBytes }: SnapshotStatus): void {
  process.stdout.write(`revision ${revision}, ${keys} keys, ${sizeBytes} bytes\n`)
}
