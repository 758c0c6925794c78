import { Link } from '@tanstack/react-router'
import type { CommonSpec } from '../rule/noun'
import { useText } from '../i18n/use-text'
import { Icon } from '../ui/icon'
import { type SimulatorSearch, serviceText } from './call'

interface Props {
  namespace: string
  name: string
  spec: CommonSpec
  /** Whether the rule is not in force as it is written here. */
  isDraft: boolean
  to?: '/simulator' | '/simulator/rate-limits'
}

/** Leads from a rule to a call that it is for, with what was not published yet as a draft. */
export function SimulateRule({ namespace, name, spec, isDraft, to = '/simulator' }: Props) {
  const { simulator: text } = useText()
  return (
    // What is being written stays where it is.
    <Link to={to} search={searchFor({ namespace, name, spec, isDraft })} className="button" target={isDraft ? '_blank' : undefined}>
      <Icon name="simulator" size={14} />
      {isDraft ? text.withDraftLink : text.simulate}
    </Link>
  )
}

const isNamed = (name: string | undefined): name is string => name !== undefined && name !== '' && name !== '*'

function searchFor({ namespace, name, spec, isDraft }: Props): SimulatorSearch {
  const { callee, caller } = spec
  const home = (of: string | undefined) => (isNamed(of) ? of : namespace)
  return {
    ...(isNamed(callee.service) ? { to: serviceText(home(callee.namespace), callee.service) } : {}),
    ...(isNamed(caller?.service) ? { from: serviceText(home(caller.namespace), caller.service) } : {}),
    ...(isDraft ? { draft: JSON.stringify({ namespace, name: name || 'draft', spec }, null, 2) } : {}),
  }
}
