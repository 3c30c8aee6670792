import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LinuxError, type Exec } from '#linux'
import { closePassages, openPassages } from './passages.ts'

/** Of the filter table, with iptables' answers to -S, -C, -I and -D. */
class FakeFirewall implements Exec {
  rules: string[]

  constructor(...rules: readonly string[]) {
    this.rules = [...rules]
  }

  async run(command: string, [, action = '', ...words]: readonly string[]) {
    const rule = `-A ${words.join(' ')}`
    const at = this.rules.indexOf(rule)
    if (action === '-I') this.rules.unshift(rule)
    else if (action !== '-S' && at === -1) {
      throw new LinuxError('CommandFailed', `${command}: Bad rule`)
    } else if (action === '-D') this.rules.splice(at, 1)
    return { stdout: `${this.rules.join('\n')}\n`, stderr: '' }
  }
}

const passages = [
  { chain: 'FORWARD', match: ['-i', 'k8ts-a'] },
  { chain: 'INPUT', match: ['-i', 'k8ts-a'] },
] as const
const accepted = (chain: string) => `-A ${chain} -i k8ts-a -m comment --comment k8ts-a -j ACCEPT`
const open = ['-P INPUT ACCEPT', '-P FORWARD ACCEPT', '-P OUTPUT DROP', '-N OTHER']

for (const [what, rules, chains] of [
  ['no firewall', open, []],
  ['a policy', ['-P INPUT ACCEPT', '-P FORWARD DROP'], ['FORWARD']],
  ['a rule', [...open, '-A INPUT -j REJECT'], ['INPUT']],
  ['rules of another cluster', [...open, accepted('INPUT').replaceAll('-a ', '-b ')], ['INPUT']],
] as const) {
  test(`passages are opened where there is something in the way: ${what}`, async () => {
    const firewall = new FakeFirewall(...rules)
    const expected = [...chains.map(accepted), ...rules]
    for (let time = 0; time < 2; time++) {
      await openPassages(firewall, 'iptables', 'k8ts-a', passages)
      assert.deepEqual(firewall.rules, expected)
    }
    await closePassages(firewall, 'iptables', 'k8ts-a')
    await closePassages(firewall, 'iptables', 'k8ts-a')
    assert.deepEqual(firewall.rules, rules)
  })
}

test('a machine without iptables, or a kernel, has no such firewall', async () => {
  const none: Exec = {
    run: () => Promise.reject(new LinuxError('CommandFailed', 'it could not be run')),
  }
  await openPassages(none, 'ip6tables', 'k8ts-a', passages)
  await closePassages(none, 'ip6tables', 'k8ts-a')
})
