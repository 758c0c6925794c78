import type { Instance } from '../api/client'

/** What an instance said of itself, and what operators made of that. */
export function specOf(instance: Instance) {
  const { host, port, protocol, version, weight, metadata, location, health_check } = instance
  return { host, port, protocol, version, weight, metadata, location, health_check }
}

/** What creates an instance as it was: out of traffic if it was, and a static one as healthy as it was. */
export function putOf(instance: Instance) {
  const isStatic = instance.health_check.type === 'none'
  return { ...specOf(instance), isolated: instance.isolated, ...(isStatic ? { health: instance.health } : {}) }
}
