export function SubscribersTab() { return null }
