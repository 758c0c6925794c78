export function InstancesTab() { return null }
