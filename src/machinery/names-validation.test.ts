import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as names from './names-validation.ts'

const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const namePart =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

test('names are refused in upstream’s words', () => {
  const rows: [(value: string) => readonly string[], string, readonly string[]][] = [
    [names.isDNS1123Label, 'a-1', []],
    [names.isDNS1123Label, 'a.b', ['must not contain dots']],
    [names.isDNS1123Label, 'A', [label]],
    [names.isDNS1123Label, '', [label]],
    [names.isDNS1123Label, 'a'.repeat(64), ['must be no more than 63 bytes']],
    [names.isDNS1123Subdomain, 'a.b-c.1', []],
    [names.isDNS1123Subdomain, 'a..b', [subdomain]],
    [names.isDNS1123Subdomain, 'a\n', [subdomain]],
    [names.isDNS1123Subdomain, `${'a.'.repeat(127)}a`, ['must be no more than 253 bytes']],
    [names.isDNS1123SubdomainWithUnderscore, '_a.b_c', []],
    [names.isDNS1035Label, 'a1', []],
    [names.isWildcardDNS1123Subdomain, '*.a.b', []],
    [names.isQualifiedName, 'a', []],
    [names.isQualifiedName, 'example.com/My_Name.x', []],
    [names.isQualifiedName, '', ['name part must be non-empty', namePart]],
    [names.isQualifiedName, '/x', ['prefix part must be non-empty']],
    [names.isQualifiedName, 'A/x', [`prefix part ${subdomain}`]],
    [names.isQualifiedName, 'x'.repeat(64), ['name part must be no more than 63 bytes']],
    [names.isPrefixedLabelKey, 'x', ["must include a prefix (e.g. 'example.com/key')"]],
    [names.isValidLabelValue, '', []],
    [names.isValidLabelValue, 'a_b.c', []],
    [names.isValidPortName, 'http-1', []],
    [names.isValidPortName, '80', ['must contain at least one letter (a-z)']],
    [
      names.isValidPortName,
      'a--b-',
      ['must not contain consecutive hyphens', 'must not begin or end with a hyphen'],
    ],
    [names.isValidPercent, '10%', []],
    [
      names.isValidPercent,
      '10',
      [
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ],
    ],
    [names.isHTTPHeaderName, 'X-A', []],
    [names.isCIdentifier, 'a_1', []],
    [names.isEnvVarName, 'A.b-1', []],
    [names.isEnvVarName, '..a', ["must not start with '..'"]],
    [names.isRelaxedEnvVarName, '1 a:b', []],
    [
      names.isRelaxedEnvVarName,
      'a=b',
      [
        "a valid environment variable name must consist only of printable ASCII characters other than '='",
      ],
    ],
    [names.isConfigMapKey, 'a.txt', []],
    [names.isConfigMapKey, '..', ["must not be '..'"]],
    [names.isValidConditionReason, 'A:b', []],
    [names.isValidPathSegmentName, 'system:a', []],
    [names.isValidPathSegmentName, '..', ["may not be '..'"]],
    [names.isValidPathSegmentName, 'a/%', ["may not contain '/'", "may not contain '%'"]],
  ]
  for (const [check, value, expected] of rows) assert.deepEqual(check(value), expected, value)
})

test('what no pattern allows has one message each', () => {
  const bad: ((value: string) => readonly string[])[] = [
    names.isDNS1035Label,
    names.isDNS1123SubdomainWithUnderscore,
    names.isWildcardDNS1123Subdomain,
    names.isValidLabelValue,
    names.isHTTPHeaderName,
    names.isCIdentifier,
    names.isEnvVarName,
    names.isConfigMapKey,
    names.isValidConditionReason,
  ]
  for (const check of bad) assert.match(check('!').join(), /regex used for validation/)
  assert.match(names.isQualifiedName('a/b/c').join(), /^a valid label key must consist of/)
})

test('numbers have their ranges', () => {
  assert.deepEqual(names.isValidPortNum(0), ['must be between 1 and 65535, inclusive'])
  assert.deepEqual(names.isValidPortNum(65535), [])
  assert.deepEqual(names.isValidUserID(-1), ['must be between 0 and 2147483647, inclusive'])
  assert.deepEqual(names.isValidGroupID(0), [])
})

test('a prefix may end in a dash', () => {
  assert.deepEqual(names.nameIsDNSSubdomain('web-', true), [])
  assert.equal(names.nameIsDNSSubdomain('web-', false).length, 1)
  assert.equal(names.nameIsDNSLabel('-', true).length, 1)
  assert.deepEqual(names.nameIsDNS1035Label('a-', true), [])
  assert.deepEqual(names.nameIsPathSegment('.', true), [])
})

test('long hostile texts take no longer than their length', () => {
  const hostile = `${'a-'.repeat(100_000)}!`
  assert.equal(names.isDNS1123Subdomain(hostile).length, 2)
  assert.equal(names.isQualifiedName(hostile).length, 2)
})
