import type { Dictionary } from './en'

/** 警告标题之外的说明；标题已经说完的没有说明。 */

const keyOf = ({ namespace, name }: { namespace: string; name: string }) => `${namespace}/${name}`
const percents = (values: readonly number[]) => values.map((value) => `${value.toLocaleString('zh', { maximumFractionDigits: 1 })}%`).join(' / ')
const saidByTitle = () => ''

export const warnings: Dictionary['warnings'] = {
  branch_never_matches: saidByTitle,
  branch_unreachable: ({ earlier }) => `由分支 ${earlier + 1} 决定`,
  branch_shadowed: ({ earlier }) => `分支 ${earlier + 1} 没有可用实例时，才轮到该分支`,
  regex_matches_everything: () => '请改用“存在”，或用 ^ 和 $ 限定首尾',
  equal_priority: ({ other, first, second, subject }) =>
    subject === 'calls'
      ? `${keyOf(other)} 优先级相同：按名称先匹配 ${keyOf(first)}，再匹配 ${keyOf(second)}`
      : `${keyOf(other)} 优先级相同：按名称以 ${keyOf(first)} 为准`,
  rule_unreachable: ({ other, subject }) =>
    subject === 'calls' ? `由 ${keyOf(other)} 决定` : `本规则作用的所有服务都以 ${keyOf(other)} 为准`,
  rule_never_matches: saidByTitle,
  limit_never_reached: ({ other }) => `${keyOf(other)} 计入本规则计入的所有调用，且不会放行更多`,
  target_without_instances: ({ instances }) => `被调服务共有 ${instances} 个实例`,
  target_without_usable_instances: ({ labelled, instances }) =>
    `被调服务的 ${instances} 个实例中有 ${labelled} 个具有这些标签，但都被隔离、不健康或权重为 0`,
  callee_without_instances: ({ obeyed_by: side }) => (side === 'callee' ? '因此没有实例执行该规则' : ''),
  target_repeated: ({ earlier }) => `与目标 ${earlier + 1} 相同，两者的权重相加`,
  weight_not_as_named: ({ text, named, shares }) => {
    const said = `${text === 'name' ? '名称' : '描述'}写的是 ${percents(named)}`
    return named.length === shares.length ? `${said}，按权重是 ${percents(shares)}` : `${said}，但没有目标得到该占比：按权重是 ${percents(shares)}`
  },
  weights_not_hundred: ({ sum, shares }) => `权重总和为 ${sum}，实际占比为 ${percents(shares)}`,
}
