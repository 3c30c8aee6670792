import { fillDataDirectory } from '../fill.ts'

/** Makes a data directory with a cluster of so many pods in it. */
const { dataDir, pods } = JSON.parse(process.argv[2] ?? '{}') as { dataDir: string; pods: number }
await fillDataDirectory(dataDir, pods)
process.stdout.write('{}')
