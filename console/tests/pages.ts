import type { Merak } from './merak'

/** A rule that sends calls to v2, and those without a tenant nowhere. */
const DRAFT = JSON.stringify({
  name: 'order-canary',
  spec: {
    callee: { service: 'com.shop/order' },
    branches: [
      {
        name: 'tenants',
        matches: { all: [{ on: 'header', key: 'x-tenant', op: 'exact', value: 'acme' }] },
        targets: [{ labels: { version: 'v2.0.0' } }],
      },
    ],
    otherwise: 'reject',
  },
})

/** Every page of the console over the data of `shop`, `rules` and `limits`, by the name of its picture. */
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
  'service-rules': '/services/default/com.shop%2Forder/rules',
  'service-rules-none': '/services/staging/mailer/rules',
  json: '/services/default/com.shop%2Forder/json',
  'routing-rules': '/routing-rules',
  'routing-rules-search': '/routing-rules?q=callee:pay',
  'routing-rules-none': '/routing-rules?ns=staging',
  'routing-rules-past': '/routing-rules?ns=default&as_of=30',
  'routing-rule': '/routing-rules/default/order-canary',
  'routing-rule-warned': '/routing-rules/default/order-tenants',
  'routing-rule-history': '/routing-rules/default/pay-off?tab=history',
  'routing-rule-new': '/routing-rules/new',
  'routing-rule-missing': '/routing-rules/default/nothing',
  'nearby-rules': '/nearby-rules',
  'nearby-rule': '/nearby-rules/default/stay-in-zone',
  'nearby-rule-new': '/nearby-rules/new',
  simulator: '/simulator',
  'simulator-routed': '/simulator?to=default/com.shop/order&from=default/com.shop/user&path=/order&headers=x-user%3D7&instance=order-3',
  'simulator-near': '/simulator?to=default/com.shop/pay&zone=eu-1&region=eu',
  'simulator-draft': `/simulator?to=default/com.shop/order&from=default/com.shop/user&headers=x-tenant%3Dacme&draft=${encodeURIComponent(DRAFT)}`,
  'simulator-rejected': `/simulator?to=default/com.shop/order&draft=${encodeURIComponent(DRAFT)}`,
  'simulator-nobody': '/simulator?to=default/legacy-billing',
  'simulator-absent': '/simulator?to=default/nobody',
  'limit-simulator': '/simulator/rate-limits',
  'limit-simulator-calls': '/simulator/rate-limits?to=default/com.shop/pay&method=/pay&headers=x-user%3D42&calls=30&over_ms=1000',
  'rate-limits': '/rate-limit-rules',
  'rate-limits-nothing': '/rate-limit-rules?q=nothing-like-it',
  'rate-limit': '/rate-limit-rules/default/users',
  'rate-limit-global': '/rate-limit-rules/default/all-together',
  'rate-limit-usage': '/rate-limit-rules/default/all-together?tab=usage',
  'rate-limit-usage-local': '/rate-limit-rules/default/users?tab=usage',
  'rate-limit-history': '/rate-limit-rules/default/users?tab=history',
  'rate-limit-new': '/rate-limit-rules/new',
  'rate-limit-absent': '/rate-limit-rules/default/nothing',
  changes: '/changes',
  'change-open': '/changes?service=com.shop/order&kind=instance&change=CHANGE',
  namespaces: '/namespaces',
  about: '/about',
  'about-table': '/about?view=table',
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
