import { LinuxError, type Exec } from '#linux'

/** Packets that a machine's firewall is to accept; `match` is in the words of iptables(8). */
export interface Passage {
  readonly chain: 'FORWARD' | 'INPUT'
  readonly match: readonly string[]
}

/** The firewall of one address family. */
export type Firewall = 'ip6tables' | 'iptables'

/**
 * Has the firewall that the machine has in iptables, as Docker and ufw make one, accept these packets:
 * what one chain drops is gone, whatever others accept. Chains that accept everything are left
 * alone, so that a machine without a firewall gets no rules. `owner` is how `closePassages` knows
 * them again: letters, digits and dashes. Idempotent.
 */
export async function openPassages(
  exec: Exec,
  firewall: Firewall,
  owner: string,
  passages: readonly Passage[],
): Promise<void> {
  const rules = await filterRules(exec, firewall)
  for (const { chain, match } of passages) {
    const isOpen = rules.every((rule) => rule[1] !== chain || isHarmless(rule, owner))
    if (isOpen) continue
    const rule = [chain, ...match, '-m', 'comment', '--comment', owner, '-j', 'ACCEPT']
    const isThere = await exec.run(firewall, ['--wait', '-C', ...rule]).then(
      () => true,
      () => false,
    )
    if (!isThere) await exec.run(firewall, ['--wait', '-I', ...rule])
  }
}

/** Takes away what `openPassages` has put there, whatever is left of it. */
export async function closePassages(exec: Exec, firewall: Firewall, owner: string): Promise<void> {
  for (const rule of await filterRules(exec, firewall)) {
    if (isOf(rule, owner)) await exec.run(firewall, ['--wait', '-D', ...rule.slice(1)])
  }
}

/** The words of each line that `iptables -S` prints: chains with their policies, then rules. */
async function filterRules(exec: Exec, firewall: Firewall): Promise<string[][]> {
  try {
    const { stdout } = await exec.run(firewall, ['--wait', '-S'])
    return stdout.split('\n').map((line) => line.replaceAll('"', '').split(' '))
  } catch (error) {
    // A kernel, or a machine, without it has no such firewall either.
    if (error instanceof LinuxError) return []
    throw error
  }
}

function isHarmless(rule: readonly string[], owner: string): boolean {
  const [what, , policy] = rule
  return what === '-P' ? policy === 'ACCEPT' : isOf(rule, owner)
}

function isOf(rule: readonly string[], owner: string): boolean {
  return rule[0] === '-A' && rule[rule.indexOf('--comment') + 1] === owner
}
