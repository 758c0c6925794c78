import type { Instance } from '../api/client'

/** The values that each label has on some instances, and on how many. */
export type KnownLabels = ReadonlyMap<string, ReadonlyMap<string, number>>

/** What rules call a label of an instance: its metadata, and a few facts where it has no such metadata. */
function labelsOf({ metadata, version, protocol, location }: Instance): [string, string][] {
  const facts = Object.entries({ version, protocol, region: location.region, zone: location.zone, campus: location.campus })
  return [...Object.entries(metadata), ...facts.filter(([key, value]) => value !== '' && !(key in metadata))]
}

/** The labels that instances have. */
export function knownLabels(instances: readonly Instance[]): KnownLabels {
  const known = new Map<string, Map<string, number>>()
  for (const [key, value] of instances.flatMap(labelsOf)) {
    const values = known.get(key) ?? new Map<string, number>()
    known.set(key, values.set(value, (values.get(value) ?? 0) + 1))
  }
  return known
}
