import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  booleanFlag,
  formatHelp,
  integerFlag,
  parseArgs,
  UsageError,
  type Command,
} from './flags.ts'

const command: Command = {
  name: 'try',
  operands: ['FILE'],
  summary: 'Try it',
  details: 'More.',
  flags: {
    'api-port': { value: 'PORT', help: 'a port', fallback: '6443' },
    name: { value: 'NAME', help: 'a name', repeated: true },
    quick: { help: 'be quick' },
  },
  run: () => Promise.resolve(0),
}

describe('flags', () => {
  it('are read in every usual form', () => {
    const args = parseArgs(command, ['--api-port=1', 'f', '--name', 'a,b', '--name=c=d', '-quick'])
    assert.equal(args.text('api-port'), '1')
    assert.deepEqual(args.list('name'), ['a', 'b', 'c=d'])
    assert.equal(args.has('quick'), true)
    assert.equal(args.operand(0), 'f')
    assert.equal(parseArgs(command, ['--', '--name']).operand(0), '--name')
  })

  for (const [words, message] of [
    [['f', '--api-prt', '1'], 'k8ts try has no flag --api-prt: did you mean --api-port?'],
    [['f', '--__proto__'], 'k8ts try has no flag --__proto__: k8ts help try lists them'],
    [['f', '--api-port'], '--api-port needs a value: PORT'],
    [['f', '--api-port='], '--api-port needs a value: PORT'],
    [['f', '--quick=1'], '--quick takes no value'],
    [['f', '--api-port=1', '--api-port=2'], '--api-port is given twice'],
    [[], 'k8ts try needs FILE'],
    [['f', 'g'], 'k8ts try does not know what to do with "g"'],
  ] as const) {
    it(`are refused in a sentence: ${words.join(' ')}`, () => {
      assert.throws(() => parseArgs(command, words), new UsageError(message))
    })
  }

  it('hold numbers within bounds', () => {
    const read = (text: string) =>
      integerFlag(parseArgs(command, ['f', `--api-port=${text}`]), 'api-port', 6443, 65_535)
    assert.equal(read('0'), 0)
    assert.equal(read('65535'), 65_535)
    for (const wrong of ['65536', '-1', '1.5', '0x10', 'x', '99999999999']) {
      assert.throws(() => read(wrong), /is a number from 0 to 65535/)
    }
  })

  it('switch on and off where they are said to', () => {
    const flags = { elect: { boolean: true, help: 'take part' } }
    const read = (...words: string[]) =>
      booleanFlag(parseArgs({ ...command, operands: [], flags }, words), 'elect', true)
    assert.equal(read(), true)
    assert.equal(read('--elect'), true)
    assert.equal(read('--elect=true'), true)
    assert.equal(read('--elect=false'), false)
    assert.throws(() => read('--elect=no'), /--elect is true or false, not "no"/)
    // What follows is no value, as with upstream's flags.
    assert.throws(() => read('--elect', 'false'), /does not know what to do with "false"/)
  })

  it('are all in the help', () => {
    assert.equal(
      formatHelp(command),
      `Try it.

More.

  k8ts try [flags] FILE

  --api-port PORT  a port (default 6443)
  --name NAME      a name
  --quick          be quick
`,
    )
  })
})
