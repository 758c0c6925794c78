import type { ComponentProps } from 'react'
import { Icon, type IconName } from './icon'

interface Props extends ComponentProps<'button'> {
  kind?: 'plain' | 'primary' | 'danger' | 'ghost'
  icon?: IconName
}

export function Button({ kind = 'plain', icon, children, className = '', ...rest }: Props) {
  const shape = children === undefined ? 'button-square' : ''
  return (
    <button type="button" className={`button button-${kind} ${shape} ${className}`} {...rest}>
      {icon && <Icon name={icon} size={14} />}
      {children}
    </button>
  )
}
