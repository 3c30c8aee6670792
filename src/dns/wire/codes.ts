/** Of resource records and questions (RFC 1035 and later). */
export const recordType = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const

export const classInternet = 1

export const rcode = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
  /** Beyond the header's four bits: told with EDNS only. */
  badVersion: 16,
} as const

/** Bits of the header's second word. */
export const flag = {
  response: 0x8000,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  authenticData: 0x0020,
  checkingDisabled: 0x0010,
} as const

export function opcodeOf(flags: number): number {
  return (flags >> 11) & 0xf
}

const typeNames = new Map<number, string>(
  Object.entries(recordType).map(([name, value]) => [value, name]),
)

/** For metrics: what is not among the known ones is `other`, so that clients cannot add names. */
export function typeName(type: number): string {
  return typeNames.get(type) ?? 'other'
}

const rcodeNames = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED']

export function rcodeName(code: number): string {
  return code === rcode.badVersion ? 'BADVERS' : (rcodeNames[code] ?? 'other')
}
