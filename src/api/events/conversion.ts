import type { ObjectDraft } from '#machinery'

/** The fields that events.k8s.io/v1 and v1 call differently; the others have the same name. */
const storedNames: Readonly<Record<string, string>> = {
  regarding: 'involvedObject',
  note: 'message',
  reportingController: 'reportingComponent',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
}

const servedNames: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(storedNames).map(([served, stored]) => [stored, served]),
)

/** From events.k8s.io/v1 to v1, which is stored. */
export function eventFromEvents(draft: ObjectDraft): ObjectDraft {
  // The stored form writes these two even when empty.
  const reporters = { reportingController: '', reportingInstance: '' }
  return rename({ ...reporters, ...draft }, storedNames)
}

/** From v1 to events.k8s.io/v1, which drops the two when empty. */
export function eventToEvents(draft: ObjectDraft): ObjectDraft {
  const out = rename(draft, servedNames)
  for (const name of ['reportingController', 'reportingInstance']) {
    if (Reflect.get(out, name) === '') Reflect.deleteProperty(out, name)
  }
  return out
}

function rename(draft: ObjectDraft, names: Readonly<Record<string, string>>): ObjectDraft {
  const { apiVersion, kind, metadata, ...fields } = draft
  const renamed = Object.entries(fields).map(([name, value]) => [names[name] ?? name, value])
  return { apiVersion, kind, metadata, ...Object.fromEntries(renamed) }
}
