/** A program and its arguments. */
export interface CommandLine {
  readonly command: string
  readonly args: readonly string[]
}

/**
 * The command line that runs a program in another network namespace, and in no other namespace of
 * its own: `ip netns exec` would also mount a new /sys, which hides the cgroups from runc.
 */
export function inNetworkNamespace(path: string | undefined, line: CommandLine): CommandLine {
  if (path === undefined) return line
  return { command: 'nsenter', args: [`--net=${path}`, '--', line.command, ...line.args] }
}
