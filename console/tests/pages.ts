import type { Merak } from './merak'

/** Every page of the console over the data of `shop`, by the name of its picture. */
const PAGES = {
  overview: '/',
  services: '/services',
  'services-search': '/services?q=health:unhealthy',
  'services-nothing': '/services?q=nothing-like-it',
  'service-create': '/services?create=yes',
  instances: '/services/default/com.shop%2Forder',
  'instances-none': '/services/default/legacy-billing',
  'instances-past': '/services/default/com.shop%2Forder?as_of=20',
  beating: '/services/default/micro-pay',
  subscribers: '/services/default/micro-pay/subscribers',
  'subscribers-none': '/services/default/com.shop%2Forder/subscribers',
  timeline: '/services/default/com.shop%2Fuser/timeline?window=5',
  json: '/services/default/com.shop%2Forder/json',
  changes: '/changes',
  'change-open': '/changes?service=com.shop/order&kind=instance&change=CHANGE',
  namespaces: '/namespaces',
  about: '/about',
  missing: '/made/up',
  'service-missing': '/services/default/nothing',
}

/** The pages, with what only the control plane knows filled in. */
export async function pagesOf(merak: Merak): Promise<[string, string][]> {
  const query = 'service=com.shop/order&kind=instance&page_size=1'
  const { items } = await merak.ask<{ items: { revision: number }[] }>(`/api/v1/changes?${query}`)
  const revision = String(items[0]?.revision)
  return Object.entries(PAGES).map(([name, path]) => [name, path.replace('CHANGE', revision)])
}

export const LANGUAGES = ['en', 'zh'] as const
export const THEMES = ['light', 'dark'] as const
export const WIDTHS = [1280, 360] as const
