import {
  dns1123LabelMaxLength,
  dns1123SubdomainMaxLength,
  field,
  isDNS1123Label,
  isDNS1123Subdomain,
  quote,
  type FieldError,
  type FieldPath,
} from '#machinery'

/** `example.com/name`: who signs, under a domain of its own. */
export function validateSignerName(path: FieldPath, name: string): readonly FieldError[] {
  if (name === '') return [field.required(path)]
  const [domain = '', rest, ...more] = name.split('/')
  if (rest === undefined || more.length > 0) {
    const why = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
    return [field.invalid(path, name, why)]
  }
  const errors: FieldError[] = []
  if (domain.length > dns1123SubdomainMaxLength) {
    errors.push(field.tooLong(path, dns1123SubdomainMaxLength))
  }
  errors.push(...firstInvalidLabel(path, domain, isDNS1123Label))
  if (!domain.includes('.')) {
    const why = 'should be a domain with at least two segments separated by dots'
    errors.push(field.invalid(path, domain, why))
  }
  errors.push(...firstInvalidLabel(path, rest, isDNS1123Subdomain))
  if (name.length > nameMaxLength) errors.push(field.tooLong(path, nameMaxLength))
  return errors
}

/** A domain, a slash, and a label and a subdomain with a dot between them. */
const nameMaxLength = dns1123SubdomainMaxLength * 2 + dns1123LabelMaxLength + 2

function firstInvalidLabel(
  path: FieldPath,
  text: string,
  check: (label: string) => readonly string[],
): readonly FieldError[] {
  for (const label of text.split('.')) {
    const found = check(label)
    if (found.length === 0) continue
    return found.map((why) => field.invalid(path, text, `validating label ${quote(label)}: ${why}`))
  }
  return []
}
