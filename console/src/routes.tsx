import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
} from '@tanstack/react-router'
import { CrashPage, NotFoundPage } from './shell/outcome-pages'
import { Shell } from './shell/shell'
import { SEQUENCE_KEYS } from './limit-simulator/keys'
import { SIMULATOR_KEYS } from './simulator/call'

/*
 * Every address of the console. All that a page shows is in its address, so that it can be shared:
 * `ns` chooses a namespace and `as_of` an earlier moment, on every page.
 */

type Params<Key extends string> = Partial<Record<Key, string>>

/** Keeps the parameters that a page knows, as text. */
const only =
  <Key extends string>(...keys: Key[]) =>
  (given: Record<string, unknown>): Params<Key> => {
    const known: Params<Key> = {}
    for (const key of keys) {
      const value = given[key]
      if (typeof value === 'string' && value !== '') known[key] = value
    }
    return known
  }

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFoundPage,
  errorComponent: CrashPage,
  validateSearch: only('ns', 'as_of'),
  search: { middlewares: [retainSearchParams(['ns', 'as_of'])] },
})

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./overview/overview-page'), 'OverviewPage'),
})

const services = createRoute({
  getParentRoute: () => root,
  path: '/services',
  validateSearch: only('q', 'page', 'sort', 'create'),
  component: lazyRouteComponent(() => import('./services/services-page'), 'ServicesPage'),
})

const service = createRoute({
  getParentRoute: () => root,
  path: '/services/$namespace/$service',
  component: lazyRouteComponent(() => import('./service/service-page'), 'ServicePage'),
})

const instances = createRoute({
  getParentRoute: () => service,
  path: '/',
  validateSearch: only('q', 'page', 'sort'),
  component: lazyRouteComponent(() => import('./instances/instances-tab'), 'InstancesTab'),
})

const subscribers = createRoute({
  getParentRoute: () => service,
  path: '/subscribers',
  validateSearch: only('page'),
  component: lazyRouteComponent(() => import('./subscribers/subscribers-tab'), 'SubscribersTab'),
})

const serviceRules = createRoute({
  getParentRoute: () => service,
  path: '/rules',
  component: lazyRouteComponent(() => import('./service/rules-tab'), 'RulesTab'),
})

const timeline = createRoute({
  getParentRoute: () => service,
  path: '/timeline',
  validateSearch: only('window'),
  component: lazyRouteComponent(() => import('./timeline/timeline-tab'), 'TimelineTab'),
})

const json = createRoute({
  getParentRoute: () => service,
  path: '/json',
  component: lazyRouteComponent(() => import('./service/json-tab'), 'JsonTab'),
})

const routingRules = createRoute({
  getParentRoute: () => root,
  path: '/routing-rules',
  validateSearch: only('q'),
  component: lazyRouteComponent(() => import('./routing/routing-rules-page'), 'RoutingRulesPage'),
})

const newRoutingRule = createRoute({
  getParentRoute: () => root,
  path: '/routing-rules/new',
  validateSearch: only('from', 'callee'),
  component: lazyRouteComponent(() => import('./routing/new-routing-rule-page'), 'NewRoutingRulePage'),
})

const routingRule = createRoute({
  getParentRoute: () => root,
  path: '/routing-rules/$namespace/$rule',
  validateSearch: only('tab', 'from', 'to', 'test'),
  component: lazyRouteComponent(() => import('./routing/routing-rule-page'), 'RoutingRulePage'),
})

const nearbyRules = createRoute({
  getParentRoute: () => root,
  path: '/nearby-rules',
  validateSearch: only('q'),
  component: lazyRouteComponent(() => import('./nearby/nearby-rules-page'), 'NearbyRulesPage'),
})

const newNearbyRule = createRoute({
  getParentRoute: () => root,
  path: '/nearby-rules/new',
  validateSearch: only('from', 'callee'),
  component: lazyRouteComponent(() => import('./nearby/new-nearby-rule-page'), 'NewNearbyRulePage'),
})

const nearbyRule = createRoute({
  getParentRoute: () => root,
  path: '/nearby-rules/$namespace/$rule',
  validateSearch: only('tab', 'from', 'to'),
  component: lazyRouteComponent(() => import('./nearby/nearby-rule-page'), 'NearbyRulePage'),
})

const rateLimitRules = createRoute({
  getParentRoute: () => root,
  path: '/rate-limit-rules',
  validateSearch: only('q'),
  component: lazyRouteComponent(() => import('./limit/rate-limit-rules-page'), 'RateLimitRulesPage'),
})

const newRateLimitRule = createRoute({
  getParentRoute: () => root,
  path: '/rate-limit-rules/new',
  validateSearch: only('from', 'callee'),
  component: lazyRouteComponent(() => import('./limit/new-rate-limit-rule-page'), 'NewRateLimitRulePage'),
})

const rateLimitRule = createRoute({
  getParentRoute: () => root,
  path: '/rate-limit-rules/$namespace/$rule',
  validateSearch: only('tab', 'from', 'to'),
  component: lazyRouteComponent(() => import('./limit/rate-limit-rule-page'), 'RateLimitRulePage'),
})

const simulator = createRoute({
  getParentRoute: () => root,
  path: '/simulator',
  validateSearch: only(...SIMULATOR_KEYS),
  component: lazyRouteComponent(() => import('./simulator/simulator-page'), 'SimulatorPage'),
})

const limitSimulator = createRoute({
  getParentRoute: () => root,
  path: '/simulator/rate-limits',
  validateSearch: only(...SIMULATOR_KEYS, ...SEQUENCE_KEYS),
  component: lazyRouteComponent(() => import('./limit-simulator/limit-simulator-page'), 'LimitSimulatorPage'),
})

const changes = createRoute({
  getParentRoute: () => root,
  path: '/changes',
  validateSearch: only('kind', 'service', 'rule', 'actor', 'since', 'until', 'change'),
  component: lazyRouteComponent(() => import('./changes/changes-page'), 'ChangesPage'),
})

const namespaces = createRoute({
  getParentRoute: () => root,
  path: '/namespaces',
  validateSearch: only('q', 'page'),
  component: lazyRouteComponent(() => import('./namespaces/namespaces-page'), 'NamespacesPage'),
})

const about = createRoute({
  getParentRoute: () => root,
  path: '/about',
  validateSearch: only('view'),
  component: lazyRouteComponent(() => import('./about/about-page'), 'AboutPage'),
})

const routeTree = root.addChildren([
  overview,
  services,
  service.addChildren([instances, subscribers, serviceRules, timeline, json]),
  routingRules,
  newRoutingRule,
  routingRule,
  nearbyRules,
  newNearbyRule,
  nearbyRule,
  rateLimitRules,
  newRateLimitRule,
  rateLimitRule,
  simulator,
  limitSimulator,
  changes,
  namespaces,
  about,
])

/** Parameters are plain text: the usual way would put quotes around what looks like a number. */
function stringifySearch(search: Record<string, unknown>) {
  const given = Object.entries(search).filter(([, value]) => typeof value === 'string' && value !== '')
  const text = new URLSearchParams(given as [string, string][]).toString()
  const legible = text.replaceAll('%3A', ':').replaceAll('%2F', '/').replaceAll('%2C', ',')
  return legible && `?${legible}`
}

export const router = createRouter({
  routeTree,
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch,
  defaultPreload: 'intent',
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
