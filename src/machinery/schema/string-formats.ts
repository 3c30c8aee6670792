import { isDNS1123Label, isDNS1123Subdomain } from '../names-validation.ts'
import { isIpv4, parseCidr, parseIp } from '../ip.ts'

type Check = (text: string) => boolean

const matches =
  (expression: RegExp): Check =>
  (text) =>
    expression.test(text)

const hex = '[0-9a-f]'

/** The formats that schemas of custom resources may ask of strings; all others mean nothing. */
const formats: Readonly<Record<string, Check>> = {
  bsonobjectid: matches(/^[0-9a-f]{24}$/i),
  uri: isRequestUri,
  email: matches(/^(?:[^<>]*<)?[^\s@<>]+@[^\s@<>]+>?$/),
  hostname: isHostname,
  ipv4: (text) => {
    const address = parseIp(text)
    return address !== undefined && isIpv4(address) && !text.includes(':')
  },
  ipv6: (text) => parseIp(text) !== undefined && text.includes(':'),
  cidr: (text) => parseCidr(text) !== undefined,
  mac: matches(
    /^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}(?:[0-9a-f]{2}|(?:[0-9a-f]{2}\1){2}[0-9a-f]{2})|(?:[0-9a-f]{4}\.){2,3}[0-9a-f]{4})$/i,
  ),
  uuid: uuid(`${hex}{4}`, `${hex}{4}`),
  uuid3: uuid(`3${hex}{3}`, `${hex}{4}`),
  uuid4: uuid(`4${hex}{3}`, `[89ab]${hex}{3}`),
  uuid5: uuid(`5${hex}{3}`, `[89ab]${hex}{3}`),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: matches(/^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i),
  rgbcolor: matches(
    /^rgb\(\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*(?:,\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*){2}\)$/,
  ),
  byte: matches(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  password: () => true,
  date: (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && isDay(text),
  duration: matches(
    /^\s*[-+]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)\s*(?:ns|us|µs|μs|ms|s|m|h|d|w|nano(?:second)?s?|micro(?:second)?s?|milli(?:second)?s?|seconds?|sec|minutes?|min|hours?|hr|days?|weeks?|wk)\s*)+)$/i,
  ),
  datetime: (text) =>
    /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})?$/.test(text) &&
    isDay(text.slice(0, 10)),
  'k8s-short-name': (text) => isDNS1123Label(text).length === 0,
  'k8s-long-name': (text) => isDNS1123Subdomain(text).length === 0,
}

/** The check of a format; undefined for formats that are not known, which hold for everything. */
export function stringFormat(format: string): Check | undefined {
  if (Object.hasOwn(formats, format)) return formats[format]
  const name = format.replaceAll('-', '')
  return Object.hasOwn(formats, name) ? formats[name] : undefined
}

function isRequestUri(text: string): boolean {
  if (text.startsWith('/')) return !/\s/.test(text)
  return /^[a-z][a-z0-9+.-]*:\S+$/i.test(text)
}

function isHostname(text: string): boolean {
  if (text.length > 255) return false
  return /^(?:[\p{L}\p{N}_]|[\p{L}\p{N}_][\p{L}\p{N}_-]{0,61}[\p{L}\p{N}_])(?:\.(?:[\p{L}\p{N}_]|[\p{L}\p{N}_][\p{L}\p{N}_-]{0,61}[\p{L}\p{N}_]))*\.?$/u.test(
    text,
  )
}

function uuid(third: string, fourth: string): Check {
  return matches(new RegExp(`^${hex}{8}-?${hex}{4}-?${third}-?${fourth}-?${hex}{12}$`, 'i'))
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '')
  if (!/^\d{9}[\dX]$/.test(digits)) return false
  const sum = Array.from(digits, (digit, at) => (digit === 'X' ? 10 : Number(digit)) * (10 - at))
  return sum.reduce((a, b) => a + b, 0) % 11 === 0
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '')
  if (!/^\d{13}$/.test(digits)) return false
  const sum = Array.from(digits, (digit, at) => Number(digit) * (at % 2 === 0 ? 1 : 3))
  return sum.reduce((a, b) => a + b, 0) % 10 === 0
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/\D/g, '')
  const known =
    /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/
  if (!known.test(digits)) return false
  const sum = Array.from(digits)
    .reverse()
    .map((digit, at) =>
      at % 2 === 0 ? Number(digit) : ([0, 2, 4, 6, 8, 1, 3, 5, 7, 9][Number(digit)] ?? 0),
    )
  return sum.reduce((a, b) => a + b, 0) % 10 === 0
}

/** Whether a date of the right form names a day there is. */
function isDay(date: string): boolean {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number)
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  return day >= 1 && day <= (days[month - 1] ?? 0)
}
