/**
 * Whether a request takes gzip (RFC 9110, section 12.5.3). Only an explicit offer counts, as
 * upstream has it: `*` alone means uncompressed.
 */
export function acceptsGzip(header: string | undefined): boolean {
  if (header === undefined) return false
  return header.split(',').some((part) => {
    const [coding = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    return coding === 'gzip' && !parameters.some((text) => /^q=0(\.0*)?$/.test(text))
  })
}
