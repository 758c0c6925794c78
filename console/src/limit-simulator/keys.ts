/** The parameters of the address that say how often a call comes. */
export const SEQUENCE_KEYS = ['calls', 'over_ms', 'instances'] as const
