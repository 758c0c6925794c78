import { Link } from '@tanstack/react-router'
import type { ComponentType } from 'react'
import { useText } from '../i18n/use-text'
import { EnabledSwitch } from '../rule/enabled-switch'
import { type CommonSpec, isEnabled, keyOf, type Noun, type Rule } from '../rule/noun'
import type { Touching } from '../rule/use-service-rules'
import { useWarnings } from '../rule/use-warnings'
import { WarningBadge } from '../rule/warnings'
import { useScope } from '../shell/scope'
import { serviceText } from '../simulator/call'
import { Icon } from '../ui/icon'

interface Props<Spec extends CommonSpec> {
  label: string
  noun: Noun<Spec>
  rules: readonly Touching<Spec>[]
  service: { namespace: string; service: string }
  Summary: ComponentType<{ rule: Rule<Spec> }>
  /** What becomes of a rule among the others. */
  stateOf?: (rule: Rule<Spec>) => string | undefined
}

/** Rules that are about a service, the one that is tried first at the top. */
export function ServiceRules<Spec extends CommonSpec>({ label, noun, rules, service, Summary, stateOf }: Props<Spec>) {
  const { rules: text, serviceRules: words, simulator } = useText()
  const { asOf } = useScope()
  const warnings = useWarnings(noun, undefined)
  return (
    <ol className="rules" aria-label={label}>
      {rules.map(({ rule, roles }, index) => {
        const state = stateOf?.(rule)
        return (
          <li key={keyOf(rule)} aria-label={rule.name} className={isEnabled(rule) ? 'rule' : 'rule rule-off'}>
            {/* Where lists that can be put in another order have a handle. */}
            <span aria-hidden="true" />
            <span className="rule-place num muted">{index + 1}</span>
            <EnabledSwitch noun={noun} rule={rule} isReadOnly={asOf !== undefined} />
            <div className="rule-name">
              <Link to={noun.one} params={{ namespace: rule.namespace, rule: rule.name }}>
                {rule.name}
              </Link>
              <span className="small muted num">
                {rule.namespace !== service.namespace && `${rule.namespace} · `}
                {text.priorityOf(rule.priority ?? 0)}
              </span>
            </div>
            <div className="rule-what">
              <Summary rule={rule} />
            </div>
            <div className="rule-state">
              {roles.map((role) => (
                <span key={role} className="badge">
                  {words.roles[role]}
                </span>
              ))}
              {!isEnabled(rule) && <span className="badge">{text.disabled}</span>}
              {state && <span className="badge">{state}</span>}
              {isEnabled(rule) && <WarningBadge warnings={warnings.get(keyOf(rule)) ?? []} page={noun.one} rule={rule} />}
            </div>
            <Link
              to="/simulator"
              search={searchFor(rule, service)}
              className="button button-ghost button-square"
              aria-label={words.simulate(rule.name)}
              title={simulator.simulate}
            >
              <Icon name="simulator" size={14} />
            </Link>
          </li>
        )
      })}
    </ol>
  )
}

/** A call that a rule is for, with the service in its role. */
function searchFor<Spec extends CommonSpec>({ namespace, callee, caller }: Rule<Spec>, service: { namespace: string; service: string }) {
  const own = serviceText(service.namespace, service.service)
  const isOwn = callee.service === '*' || callee.service === service.service
  const to = isOwn ? own : serviceText(callee.namespace ?? namespace, callee.service)
  const from = caller?.service && caller.service !== '*' ? serviceText(caller.namespace ?? namespace, caller.service) : undefined
  return from ? { to, from } : { to }
}
