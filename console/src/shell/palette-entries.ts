import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { ServiceSummary } from '../api/client'
import { useText } from '../i18n/use-text'
import { allNamespacesQuery } from '../namespaces/queries'
import { servicesQuery } from '../services/queries'
import { serviceText } from '../simulator/call'
import type { IconName } from '../ui/icon'
import { useCopy } from '../ui/use-copy'
import { GO } from './keys'
import { LIMIT } from '../limit/limit'
import { NEARBY } from '../nearby/nearby'
import { ROUTING } from '../routing/routing'
import { foundRulesQuery } from '../rule/api'
import { type CommonSpec, keyOf, type Noun } from '../rule/noun'
import { anywhere } from '../search/tokens'
import { hostFilter, hostOf } from './address'
import { useChooseNamespace } from './choose-namespace'
import type { PageAction } from './page-actions'
import { setPreferences, usePreferences } from './preferences'
import { useScope } from './scope'

export interface Entry {
  id: string
  label: string
  icon: IconName
  /** What sets it apart from others of the same name. */
  context?: string
  /** Other words that people look for it by. */
  words?: string
  run: () => void
}

interface Group {
  name: string
  entries: Entry[]
}

/** Of so many services that were found, a call can be simulated from here. */
const SIMULATED = 3

/** What the palette offers for a word: pages, actions, and services that the server found, now or for the word before. */
export function useEntries(word: string, services: ServiceSummary[], here: PageAction[]): Group[] {
  const { palette, nav, simulator } = useText()
  const navigate = useNavigate()
  const actions = useActions()
  const pages = GO.map(([, to, page]): Entry => ({ id: to, label: nav[page], icon: page, words: palette.words[page], run: () => void navigate({ to }) }))
  const found = services.map(
    ({ namespace, name }): Entry => ({
      id: `${namespace} ${name}`,
      label: name,
      icon: 'services',
      context: namespace,
      run: () => void navigate({ to: '/services/$namespace/$service', params: { namespace, service: name } }),
    }),
  )
  const simulate = services.slice(0, SIMULATED).map(
    ({ namespace, name }): Entry => ({
      id: `simulate ${namespace} ${name}`,
      label: simulator.simulateTo(name),
      icon: 'simulator',
      context: namespace,
      run: () => void navigate({ to: '/simulator', search: { to: serviceText(namespace, name) } }),
    }),
  )
  const parts = word.toLowerCase().split(/\s+/)
  const isMeant = ({ label, words = '' }: Entry) => {
    const known = `${label} ${words}`.toLowerCase()
    return parts.every((part) => known.includes(part))
  }
  const onPage = here
    .filter(({ isOfPage }) => isOfPage || word !== '')
    .map(({ label, run }): Entry => ({ id: `here ${label}`, label, icon: 'right', run }))
  const rules = [...useRuleEntries(ROUTING, word), ...useRuleEntries(NEARBY, word), ...useRuleEntries(LIMIT, word)]
  const groups = [
    { name: palette.services, entries: word ? found.filter(isMeant) : [] },
    { name: palette.instances, entries: useAddressEntries(word) },
    { name: palette.rules, entries: rules },
    { name: palette.here, entries: onPage.filter(isMeant).slice(0, MOST_HERE) },
    { name: palette.pages, entries: pages.filter(isMeant) },
    { name: palette.actions, entries: [...(word ? simulate : []), ...actions].filter(isMeant) },
  ]
  return groups.filter(({ entries }) => entries.length > 0)
}

const MOST_RULES = 6
const MOST_ADDRESSES = 6
const MOST_HERE = 8

/** The services with an instance at an address, each leading to its instances there. */
function useAddressEntries(word: string): Entry[] {
  const { palette } = useText()
  const navigate = useNavigate()
  const { namespace } = useScope()
  const host = hostOf(word)
  const filter = hostFilter(host ?? '')
  const { data } = useQuery({ ...servicesQuery({ namespace, host: filter, page_size: MOST_ADDRESSES }), enabled: host !== undefined })
  if (host === undefined) return []
  return (data?.items ?? []).map(({ namespace: home, name }) => ({
    id: `address ${home} ${name}`,
    label: palette.instancesAt(filter, name),
    icon: 'services',
    context: home,
    run: () => void navigate({ to: '/services/$namespace/$service', params: { namespace: home, service: name }, search: { q: `ip:${filter}` } }),
  }))
}

/** The rules of a kind that have a word in their names. */
function useRuleEntries<Spec extends CommonSpec>(noun: Noun<Spec>, word: string): Entry[] {
  const text = useText()
  const navigate = useNavigate()
  const { namespace, asOf } = useScope()
  const query = foundRulesQuery<Spec>(noun.collection, { name: anywhere(word), namespace, as_of: asOf, page_size: MOST_RULES })
  const { data } = useQuery({ ...query, enabled: word !== '' })
  const found = word === '' ? [] : (data?.items.filter(({ name }) => name.includes(word)) ?? [])
  return found.map((rule) => ({
    id: `${noun.collection} ${keyOf(rule)}`,
    label: rule.name,
    icon: noun.words,
    context: `${rule.namespace} · ${text[noun.words].title}`,
    run: () => void navigate({ to: noun.one, params: { namespace: rule.namespace, rule: rule.name } }),
  }))
}

const LOOK_BACK_MINUTES = [5, 60] as const

function useActions(): Entry[] {
  const { palette, time, services, routing, nearby, limits, limitSimulator, actions: text } = useText()
  const { language } = usePreferences()
  const { asOf } = useScope()
  const navigate = useNavigate()
  const copy = useCopy()
  const choose = useChooseNamespace()
  const { data } = useQuery(allNamespacesQuery)
  const search = (change: { as_of: string | undefined }) =>
    void navigate({ to: '.', search: (now) => ({ ...now, page: undefined, ...change }) })
  const themes = (['light', 'dark', 'system'] as const).map((theme): Entry => {
    const label = { light: palette.lightTheme, dark: palette.darkTheme, system: palette.systemTheme }[theme]
    const icon = { light: 'sun', dark: 'moon', system: 'display' } as const
    return { id: theme, label, icon: icon[theme], words: palette.words.theme, run: () => setPreferences({ theme }) }
  })
  const past = LOOK_BACK_MINUTES.map((minutes): Entry => {
    const length = minutes < 60 ? time.minutes(minutes) : time.hours(minutes / 60)
    const run = () => search({ as_of: new Date(Date.now() - minutes * 60_000).toISOString() })
    return { id: `past-${minutes}`, label: palette.lookBack(length), icon: 'clock', run }
  })
  const namespaces = (data ?? []).map(
    ({ name }): Entry => ({
      id: `namespace-${name}`,
      label: palette.namespace(name),
      icon: 'namespaces',
      run: () => choose(name),
    }),
  )
  const create = () => void navigate({ to: '/services', search: { create: 'yes' } })
  return [
    { id: 'create', label: services.create, words: palette.words.create, icon: 'plus', run: create },
    { id: 'create-routing', label: routing.create, words: palette.words.create, icon: 'plus', run: () => void navigate({ to: ROUTING.create }) },
    { id: 'create-nearby', label: nearby.create, words: palette.words.create, icon: 'plus', run: () => void navigate({ to: NEARBY.create }) },
    { id: 'create-limit', label: limits.create, words: palette.words.create, icon: 'plus', run: () => void navigate({ to: LIMIT.create }) },
    { id: 'simulate-limits', label: limitSimulator.title, icon: 'simulator', run: () => void navigate({ to: '/simulator/rate-limits' }) },
    { id: 'copy', label: palette.copyAddress, icon: 'copy', run: () => void copy(location.href, text.copied) },
    ...(asOf === undefined ? [] : [{ id: 'now', label: palette.backToNow, icon: 'clock' as const, run: () => search({ as_of: undefined }) }]),
    ...past,
    ...themes,
    {
      id: 'language',
      label: palette.otherLanguage,
      words: palette.words.language,
      icon: 'language',
      run: () => setPreferences({ language: language === 'zh' ? 'en' : 'zh' }),
    },
    ...namespaces,
  ]
}
