import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseLabelSelector } from './label-selector-parser.ts'
import {
  labelRequirement,
  LabelSelector,
  selectorFromLabels,
  selectorFromObject,
  type LabelOperator,
} from './labels.ts'

test('selectors are read and printed in canonical form', () => {
  const rows: [string, string][] = [
    ['', ''],
    [' ', ''],
    ['a=b', 'a=b'],
    ['x=a,y=b', 'x=a,y=b'],
    ['y=b , x=a', 'x=a,y=b'],
    ['a==b', 'a==b'],
    ['a!=b', 'a!=b'],
    ['a=', 'a='],
    ['a=,b=c', 'a=,b=c'],
    ['a', 'a'],
    ['!a', '!a'],
    ['a in (c,b)', 'a in (b,c)'],
    ['a in (b,b)', 'a in (b)'],
    ['a notin (b)', 'a notin (b)'],
    ['a in ()', 'a in ()'],
    ['a in (,b)', 'a in (,b)'],
    ['a in (b,)', 'a in (,b)'],
    ['a in (b,,c)', 'a in (,b,c)'],
    ['in in (in)', 'in in (in)'],
    ['a>1,b<2', 'a>1,b<2'],
    ['example.com/a=b', 'example.com/a=b'],
  ]
  for (const [text, canonical] of rows) {
    assert.equal(parseLabelSelector(text).toString(), canonical, text)
  }
})

test('what is no selector is refused in upstream’s words', () => {
  const rows: [string, string | RegExp][] = [
    [',', "found ',', expected: !, identifier, or 'end of string'"],
    ['a,', "found '', expected: identifier after ','"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a gt 1', "unable to parse requirement: found 'gt', expected: in, notin, =, ==, !=, gt, lt"],
    ['!a=b', "found '=', expected: ',' or 'end of string'"],
    ['a=(', "unable to parse requirement: found '(', expected: identifier"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a in (', "unable to parse requirement: found '', expected: ',', ')' or identifier"],
    ['a in (b c)', "unable to parse requirement: found 'c', expected: ',' or ')'"],
    [
      'a>x',
      `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
    ],
    ['-a=b', /^unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of/],
    [
      'a=-b',
      /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "-b": a valid label must/,
    ],
  ]
  for (const [text, message] of rows) {
    assert.throws(() => parseLabelSelector(text), { name: 'SelectorError', message }, text)
  }
})

test('requirements match as upstream’s do', () => {
  const labels = { app: 'web', n: '5', text: 'x' }
  const rows: [string, boolean][] = [
    ['', true],
    ['app=web', true],
    ['app=db', false],
    ['app!=db', true],
    ['none!=db', true],
    ['none notin (a)', true],
    ['app in (db,web)', true],
    ['app notin (db,web)', false],
    ['app', true],
    ['!app', false],
    ['!none', true],
    ['n>4,n<6', true],
    ['n>5', false],
    ['text>1', false],
    ['none<1', false],
    ['constructor', false],
    ['toString=', false],
  ]
  for (const [text, expected] of rows) {
    assert.equal(parseLabelSelector(text).matches(labels), expected, text)
  }
  assert.equal(parseLabelSelector('a').matches(undefined), false)
})

test('selector objects: absent selects nothing, empty everything', () => {
  assert.equal(selectorFromObject(undefined), LabelSelector.nothing)
  assert.equal(selectorFromObject(undefined).matches({}), false)
  assert.equal(selectorFromObject(undefined).empty, false)
  assert.equal(selectorFromObject({}).matches({}), true)
  assert.equal(selectorFromObject({}).empty, true)
  const selector = selectorFromObject({
    matchLabels: { b: '1' },
    matchExpressions: [
      { key: 'a', operator: 'In', values: ['y', 'x'] },
      { key: 'c', operator: 'Exists' },
      { key: 'd', operator: 'DoesNotExist', values: [] },
      { key: 'e', operator: 'NotIn', values: ['z'] },
    ],
  })
  assert.equal(selector.toString(), 'a in (x,y),b=1,c,!d,e notin (z)')
  assert.throws(
    () => selectorFromObject({ matchExpressions: [{ key: 'a', operator: 'constructor' }] }),
    { message: '"constructor" is not a valid label selector operator' },
  )
  assert.throws(() => selectorFromObject({ matchExpressions: [{ key: 'a', operator: 'In' }] }), {
    message: `values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty`,
  })
})

test('an index can ask for exact matches', () => {
  const selector = parseLabelSelector('a=1,b in (2),c in (3,4),d!=5')
  assert.equal(selector.requiresExactMatch('a'), '1')
  assert.equal(selector.requiresExactMatch('b'), '2')
  assert.equal(selector.requiresExactMatch('c'), undefined)
  assert.equal(selector.requiresExactMatch('d'), undefined)
  assert.equal(selectorFromLabels({ b: '2', a: '1' }).toString(), 'a=1,b=2')
})

const word = fc.stringMatching(/^[a-z0-9]{1,5}$/)
const requirement = fc
  .tuple(
    word,
    fc.constantFrom<LabelOperator>('=', '==', '!=', 'in', 'notin', 'exists', '!', 'gt', 'lt'),
    fc.array(word, { minLength: 1, maxLength: 3 }),
    fc.integer(),
  )
  .map(([key, operator, values, limit]) => {
    if (operator === 'exists' || operator === '!') return labelRequirement(key, operator, [])
    if (operator === 'gt' || operator === 'lt') {
      return labelRequirement(key, operator, [String(Math.abs(limit))])
    }
    const many = operator === 'in' || operator === 'notin'
    return labelRequirement(key, operator, many ? values : values.slice(0, 1))
  })

test('printing and parsing again gives the same selector', () => {
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 4 }), (requirements) => {
      const selector = LabelSelector.of(requirements)
      const again = parseLabelSelector(selector.toString())
      assert.deepEqual(again.requirements, selector.requirements)
    }),
  )
})

test('any text is read or refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab in()=!,<> notin'.split('')) }), (text) => {
      try {
        parseLabelSelector(text)
      } catch (error) {
        assert.ok(error instanceof Error && error.name === 'SelectorError')
      }
    }),
  )
})
