/**
 * The formats of names in the API. Each check returns what is wrong, in upstream's words, as an
 * empty list when nothing is. Lengths are bytes of UTF-8.
 */
type Problems = readonly string[]

const labelFormat = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const subdomainFormat = `${labelFormat}(\\.${labelFormat})*`
const underscoreLabelFormat = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const underscoreSubdomainFormat = `${underscoreLabelFormat}(\\.${underscoreLabelFormat})*`
const dns1035Format = '[a-z]([-a-z0-9]*[a-z0-9])?'
const qualifiedNameFormat = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'

const label = whole(labelFormat)
const subdomain = whole(subdomainFormat)

export const dns1123LabelMaxLength = 63
export const dns1123SubdomainMaxLength = 253
export const labelValueMaxLength = 63

/** A label of DNS (RFC 1123): what namespaces and container names are. */
export function isDNS1123Label(value: string): Problems {
  const problems = maxLength(value, dns1123LabelMaxLength)
  if (label.test(value)) return problems
  if (subdomain.test(value)) return [...problems, 'must not contain dots']
  const what =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
  return [...problems, regexError(what, labelFormat, 'my-name', '123-abc')]
}

/** A subdomain of DNS (RFC 1123): what most objects' names are. */
export function isDNS1123Subdomain(value: string): Problems {
  const problems = maxLength(value, dns1123SubdomainMaxLength)
  if (subdomain.test(value)) return problems
  const what =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
  return [...problems, regexError(what, subdomainFormat, 'example.com')]
}

const underscoreSubdomain = whole(underscoreSubdomainFormat)

export function isDNS1123SubdomainWithUnderscore(value: string): Problems {
  const problems = maxLength(value, dns1123SubdomainMaxLength)
  if (underscoreSubdomain.test(value)) return problems
  const what =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character"
  return [...problems, regexError(what, underscoreSubdomainFormat, 'example.com')]
}

const dns1035 = whole(dns1035Format)

/** A label of DNS (RFC 1035), which starts with a letter: what Services are called. */
export function isDNS1035Label(value: string): Problems {
  const problems = maxLength(value, dns1123LabelMaxLength)
  if (dns1035.test(value)) return problems
  const what =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character"
  return [...problems, regexError(what, dns1035Format, 'my-name', 'abc-123')]
}

const wildcardFormat = `\\*\\.${subdomainFormat}`
const wildcard = whole(wildcardFormat)

/** `*.example.com` (RFC 1034, section 4.3.3). */
export function isWildcardDNS1123Subdomain(value: string): Problems {
  const problems = maxLength(value, dns1123SubdomainMaxLength)
  if (wildcard.test(value)) return problems
  const what =
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
  return [...problems, regexError(what, wildcardFormat, '*.example.com')]
}

const qualifiedName = whole(qualifiedNameFormat)
const qualifiedNameRule =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"

/** `name` or `prefix.example.com/name`: label keys, annotation keys, resources, finalizers. */
export function isQualifiedName(value: string): Problems {
  if (value.length <= labelValueMaxLength && qualifiedName.test(value)) return []
  const parts = value.split('/')
  const [first = '', second] = parts
  if (parts.length > 2) {
    const rule = regexError(qualifiedNameRule, qualifiedNameFormat, 'MyName', 'my.name', '123-abc')
    return [
      `a valid label key ${rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  }
  return second === undefined ? namePart(first) : [...prefixPart(first), ...namePart(second)]
}

function prefixPart(prefix: string): Problems {
  const problems = prefix === '' ? [mustBeNonEmpty] : isDNS1123Subdomain(prefix)
  return problems.map((problem) => `prefix part ${problem}`)
}

function namePart(name: string): Problems {
  const problems = name === '' ? [mustBeNonEmpty] : [...maxLength(name, labelValueMaxLength)]
  if (!qualifiedName.test(name)) {
    const examples = ['MyName', 'my.name', '123-abc']
    problems.push(regexError(qualifiedNameRule, qualifiedNameFormat, ...examples))
  }
  return problems.map((problem) => `name part ${problem}`)
}

/** A qualified name that has a prefix. */
export function isPrefixedLabelKey(value: string): Problems {
  const problems = isQualifiedName(value)
  if (problems.length > 0 || value.includes('/')) return problems
  return ["must include a prefix (e.g. 'example.com/key')"]
}

const labelValueFormat = `(${qualifiedNameFormat})?`
const labelValue = whole(labelValueFormat)

export function isValidLabelValue(value: string): Problems {
  const problems = maxLength(value, labelValueMaxLength)
  if (labelValue.test(value)) return problems
  const what =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
  return [...problems, regexError(what, labelValueFormat, 'MyValue', 'my_value', '12345')]
}

/** The name of a port (RFC 6335, in lower case). */
export function isValidPortName(value: string): Problems {
  const problems = [...maxLength(value, 15)]
  if (!/^[-a-z0-9]+$/.test(value)) {
    problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  }
  if (!/[a-z]/.test(value)) problems.push('must contain at least one letter (a-z)')
  if (value.includes('--')) problems.push('must not contain consecutive hyphens')
  if (value.startsWith('-') || value.endsWith('-')) {
    problems.push('must not begin or end with a hyphen')
  }
  return problems
}

export function isValidPortNum(value: number): Problems {
  return isInRange(value, 1, 65535)
}

/** Both ends belong to the range. */
export function isInRange(value: number, min: number, max: number): Problems {
  return value >= min && value <= max ? [] : [`must be between ${min} and ${max}, inclusive`]
}

export function isValidUserID(value: number): Problems {
  return isInRange(value, 0, 0x7fff_ffff)
}

export function isValidGroupID(value: number): Problems {
  return isInRange(value, 0, 0x7fff_ffff)
}

export function isValidPercent(value: string): Problems {
  if (/^[0-9]+%$/.test(value)) return []
  const what = "a valid percent string must be a numeric string followed by an ending '%'"
  return [regexError(what, '[0-9]+%', '1%', '93%')]
}

export function isHTTPHeaderName(value: string): Problems {
  if (/^[-A-Za-z0-9]+$/.test(value)) return []
  const what = "a valid HTTP header must consist of alphanumeric characters or '-'"
  return [regexError(what, '[-A-Za-z0-9]+', 'X-Header-Name')]
}

export function isCIdentifier(value: string): Problems {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) return []
  const what =
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'"
  return [regexError(what, '[A-Za-z_][A-Za-z0-9_]*', 'my_name', 'MY_NAME', 'MyName')]
}

/** The strict form of names of environment variables. */
export function isEnvVarName(value: string): Problems {
  const problems = hasChDirPrefix(value)
  if (/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(value)) return problems
  const what =
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit"
  const format = '[-._a-zA-Z][-._a-zA-Z0-9]*'
  return [regexError(what, format, 'my.env-name', 'MY_ENV.NAME', 'MyEnvName1'), ...problems]
}

/** The names of environment variables that pods may have: printable ASCII without `=`. */
export function isRelaxedEnvVarName(value: string): Problems {
  if (value === '') return [`environment variable name ${mustBeNonEmpty}`]
  if (/^[ -<>-~]+$/.test(value)) return []
  return [
    "a valid environment variable name must consist only of printable ASCII characters other than '='",
  ]
}

/** A key of a ConfigMap or Secret: it becomes the name of a file. */
export function isConfigMapKey(value: string): Problems {
  const problems = [...maxLength(value, dns1123SubdomainMaxLength)]
  if (!/^[-._a-zA-Z0-9]+$/.test(value)) {
    const what = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
    problems.push(regexError(what, '[-._a-zA-Z0-9]+', 'key.name', 'KEY_NAME', 'key-name'))
  }
  return [...problems, ...hasChDirPrefix(value)]
}

const conditionReasonFormat = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?'
const conditionReason = whole(conditionReasonFormat)

/** The reason of a `metav1.Condition`. */
export function isValidConditionReason(value: string): Problems {
  if (conditionReason.test(value)) return []
  const what =
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'"
  const examples = ['my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB']
  return [regexError(what, conditionReasonFormat, ...examples)]
}

/** A name that can stand in a URL path: what RBAC objects are called. */
export function isValidPathSegmentName(value: string): Problems {
  if (value === '.' || value === '..') return [`may not be '${value}'`]
  return isValidPathSegmentPrefix(value)
}

/** The beginning of such a name. */
export function isValidPathSegmentPrefix(value: string): Problems {
  return ['/', '%']
    .filter((part) => value.includes(part))
    .map((part) => `may not contain '${part}'`)
}

/**
 * How a kind's names are checked. With `prefix` the text is a `generateName`, to which a suffix
 * will be added.
 */
export type ValidateName = (name: string, prefix: boolean) => Problems

export const nameIsDNSSubdomain: ValidateName = (name, prefix) =>
  isDNS1123Subdomain(prefix ? maskTrailingDash(name) : name)

export const nameIsDNSLabel: ValidateName = (name, prefix) =>
  isDNS1123Label(prefix ? maskTrailingDash(name) : name)

export const nameIsDNS1035Label: ValidateName = (name, prefix) =>
  isDNS1035Label(prefix ? maskTrailingDash(name) : name)

export const nameIsPathSegment: ValidateName = (name, prefix) =>
  prefix ? isValidPathSegmentPrefix(name) : isValidPathSegmentName(name)

/** A generated suffix follows the dash, so the dash may end the prefix but no name. */
function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name
}

function hasChDirPrefix(value: string): Problems {
  if (value === '.' || value === '..') return [`must not be '${value}'`]
  return value.startsWith('..') ? ["must not start with '..'"] : []
}

/** How upstream words a text that a pattern refuses; the pattern is shown without its anchors. */
export function regexError(what: string, format: string, ...examples: readonly string[]): string {
  if (examples.length === 0) return `${what} (regex used for validation is '${format}')`
  const shown = examples.map((example) => `'${example}', `).join(' or ')
  return `${what} (e.g. ${shown}regex used for validation is '${format}')`
}

const mustBeNonEmpty = 'must be non-empty'

function maxLength(value: string, max: number): Problems {
  // A text of UTF-16 units has at least as many bytes, so only what is near the limit is counted.
  const long = value.length > max || (value.length * 3 > max && Buffer.byteLength(value) > max)
  return long ? [`must be no more than ${max} bytes`] : []
}

function whole(format: string): RegExp {
  return new RegExp(`^(?:${format})$`)
}
