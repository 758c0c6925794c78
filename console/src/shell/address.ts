/** The host of what looks like an address or the beginning of one, such as `10.0.` or `[::1]:80`; none for other words. */
export function hostOf(word: string): string | undefined {
  const host = /^\[([\da-f:.]+)\]?(?::\d*)?$/i.exec(word)?.[1] ?? word.replace(/^([^:]+):\d*$/, '$1')
  const isIpv4 = /^\d{1,3}(?:\.\d{0,3}){1,3}$/.test(host)
  const isIpv6 = /^[\da-f]*:[\da-f:.]*$/i.test(host) && host.includes('::')
  return isIpv4 || isIpv6 || word.startsWith('[') ? host : undefined
}

/** A filter of hosts for a word: a whole address, or the beginning of one. */
export const hostFilter = (host: string) => (/^\d+\.\d+\.\d+\.\d+$/.test(host) ? host : `${host}*`)
