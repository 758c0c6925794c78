const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
const LIKE_IPV6 = /^[\da-f:.]*:[\da-f:.]*$/i

/** Whether a text is an IP address as the control plane reads one: of version 4 without leading zeros, or of version 6 without a zone. */
export const isIp = (text: string) => IPV4.test(text) || (LIKE_IPV6.test(text) && URL.canParse(`http://[${text}]/`))
