import { type ReadOf, string, struct } from '#machinery'

export const VersionInfo = struct('io.k8s.apimachinery.pkg.version.Info', () => ({
  major: string(0).emit().required(),
  minor: string(0).emit().required(),
  emulationMajor: string(0),
  emulationMinor: string(0),
  minCompatibilityMajor: string(0),
  minCompatibilityMinor: string(0),
  gitVersion: string(0).emit().required(),
  gitCommit: string(0).emit().required(),
  gitTreeState: string(0).emit().required(),
  buildDate: string(0).emit().required(),
  goVersion: string(0).emit().required(),
  compiler: string(0).emit().required(),
  platform: string(0).emit().required(),
}))
export type VersionInfo = ReadOf<typeof VersionInfo>
