import type { ObstacleOf, ReasonOf } from '../api/problem'
import type { Dictionary } from './en'
import { nearby, routing } from './zh-rules'

/** 拒绝原因的中文说法；界面不会遇到的少数原因没有代码，保留控制面的原话。 */

type WrongType = ReasonOf<'wrong_type'>

const listed = (words: readonly string[]) => words.join('、')

const CHARACTERS: Record<ReasonOf<'bad_character'>['characters'], string> = {
  name: '字母、数字和 . _ : / -',
  text: '控制字符以外的文本',
  visible_ascii: '可见的 ASCII 字符和空格',
  lines: '文本、制表符和换行',
}

const LISTS: Record<ReasonOf<'empty'>['list'], string> = {
  branches: '规则至少要有一个分支',
  targets: '分支至少要有一个目标',
  conditions: '至少要有一个条件；要匹配所有调用，请去掉 matches',
}

const TAKERS: Record<ReasonOf<'not_taken'>['by'], string> = {
  global_limit: '由控制面计数的限流',
  local_limit: '由每个实例计数的限流',
  limit_without_amounts: '没有限额的规则',
}

const should = (form: string) => (value: string) => `“${value}”格式不正确，应为${form}`

const FORMS: Record<ReasonOf<'malformed'>['form'], (value: string, expected: string) => string> = {
  name: (value) => `“${value}”不能作为名称：网址中的一段不能只有点`,
  host: should(' IP 地址或域名'),
  ip_address: should(' IP 地址'),
  key: () => '键不能为空',
  key_once: (value) => `键“${value}”重复`,
  time: should(' RFC 3339 格式的时间'),
  time_within_reach: (value) => `“${value}”超出可表示的时间范围`,
  moment: should('修订或 RFC 3339 格式的时间'),
  fact: should('调用的属性，例如 path 或 header.x-user'),
  balancer: should(' random、round_robin、least_request、ring_hash 或 maglev'),
  other: (value, expected) => `“${value}”格式不正确，应为 ${expected}`,
}

/** 正则表达式解析器只有英文说明，此处是常见的几种。 */
const PATTERNS: Record<string, string> = {
  'unclosed group': '分组没有闭合',
  'unopened group': '分组没有开头',
  'unclosed character class': '字符组没有闭合',
  'unclosed counted repetition': '重复次数没有闭合',
  'unclosed capture group name': '分组名称没有闭合',
  'empty capture group name': '分组名称为空',
  'duplicate capture group name': '分组名称重复',
  'invalid capture group character': '分组名称含有不允许的字符',
  'unrecognized escape sequence': '无法识别的转义',
  'invalid escape sequence found in character class': '字符组中有无效的转义',
  'invalid range boundary, must be a literal': '字符范围的边界必须是单个字符',
  'repetition operator missing expression': '重复符号前没有内容',
  'repetition quantifier expects a valid decimal': '重复次数应为数字',
  'unrecognized flag': '无法识别的标志',
  'backreferences are not supported': '不支持反向引用',
  'look-around, including look-ahead and look-behind, is not supported': '不支持前后查找',
}

const patternText = (detail: string) => PATTERNS[detail] ?? detail

function wantedText(wanted: WrongType['wanted']): string {
  switch (wanted.kind) {
    case 'count':
      return wanted.max === undefined ? '不小于 0 的整数' : ` 0 到 ${wanted.max} 的整数`
    case 'whole':
      return '整数'
    case 'number':
      return '数值'
    case 'boolean':
      return ' true 或 false'
    case 'text':
      return '文本'
    case 'list':
      return '列表'
    case 'object':
      return '对象'
    case 'word':
      return ` ${listed(wanted.words)} 之一`
  }
}

function foundText(found: WrongType['found']): string {
  switch (found.kind) {
    case 'null':
      return ' null'
    case 'list':
      return '列表'
    case 'object':
      return '对象'
    case 'value':
      return ` ${found.text}`
  }
}
type Thing = ObstacleOf<'not_found'>['thing']

const KINDS: Record<Thing['kind'], string> = {
  namespace: '命名空间',
  service: '服务',
  instance: '实例',
  routing_rule: '路由规则',
  nearby_rule: '就近规则',
  rate_limit_rule: '限流规则',
}

const thingText = ({ kind, name, namespace, service }: Thing) =>
  service === undefined
    ? `${KINDS[kind]} ${namespace === undefined ? '' : `${namespace}/`}${name}`
    : `服务 ${namespace}/${service} 的实例 ${name}`

export const problems: Dictionary['problems'] = {
  semicolon: '；',
  codes: {
    invalid_argument: (said) => `请求无效：${said}`,
    not_found: (said) => `不存在：${said}`,
    no_such_path: () => '接口没有这个路径',
    method_not_allowed: () => '该路径不支持此操作',
    request_timeout: () => '请求内容没有在 20 秒内到达，未做任何修改',
    conflict: (said) => `当前状态不允许这样做：${said}`,
    gone: () => '变更日志已不再保留那么早的内容',
    precondition_failed: () => '期间已被他人修改，请查看现在的内容',
    precondition_required: () => '写入时没有说明所依据的修订',
    tests_failed: () => '规则的测试不通过',
    payload_too_large: () => '请求内容超过 1 MiB',
    unsupported_media_type: () => '不支持这种请求内容类型',
    internal: () => '控制面内部出错，请凭请求 ID 查看日志',
    unavailable: () => '控制面暂时不可用，未做任何修改，请稍后再试',
    timeout: () => '30 秒内没有得到结果，不确定是否已生效，请查看现在的内容',
  },
  obstacles: {
    not_found: ({ thing }) => thingText(thing),
    exists: ({ thing, revision }) => `已存在${thingText(thing)}（修订 ${revision}）`,
    has_instances: ({ service }) => `${thingText(service)} 还有实例，请先移除`,
    not_empty: ({ namespace, held }) => `${thingText(namespace)} 还有${held.map((kind) => KINDS[kind]).join('、')}，请先删除`,
  },
  reasons: {
    missing: () => '必须填写',
    too_long: ({ length, limit }) => `共 ${length} 个字符，最多 ${limit} 个`,
    bad_character: ({ found, position, characters }) => `第 ${position + 1} 个字符“${found}”不允许使用，只能使用${CHARACTERS[characters]}`,
    out_of_range: ({ value, min, max }) => `${value} 超出范围 ${min} 到 ${max}`,
    too_many: ({ count, limit }) => `共 ${count} 项，最多 ${limit} 项`,
    malformed: ({ value, expected, form }) => FORMS[form](value, expected),
    unknown_field: ({ field, fields }) => (fields.length > 0 ? `没有“${field}”这个字段，可用的有 ${listed(fields)}` : `没有“${field}”这个字段`),
    field_repeated: () => '重复给出',
    key_repeated: () => '该键重复',
    value_repeated: ({ value }) => `“${value}”重复`,
    name_repeated: ({ name }) => `名称“${name}”与前面的重复`,
    one_of_required: ({ fields }) => `${listed(fields)} 至少要有一个`,
    both_given: ({ other }) => `已有 ${other}，两者只能选一个`,
    empty: ({ list }) => LISTS[list],
    empty_key: () => '键不能为空',
    not_taken: ({ by }) => `${TAKERS[by]}不能有此项，请去掉`,
    no_keys: ({ fact }) => `“${routing.facts[fact]}”没有键，请去掉`,
    not_operand: ({ operator }) => `“${routing.operators[operator]}”不能有此项，请去掉`,
    bounds_reversed: ({ min, max }) => `${min} 大于上限 ${max}`,
    levels_reversed: ({ max_level: widest, level }) => `“${nearby.levels[widest].name}”比优先范围“${nearby.levels[level].name}”更小`,
    no_weight: () => '所有权重都是 0，没有目标能得到调用',
    header_repeated: () => '重复给出：请求头名称不区分大小写',
    plays_no_part: ({ namespace, service }) => `该草稿不作用于对 ${namespace}/${service} 的调用，因而不起作用`,
    health_of_beating: () => '只能设置静态实例的健康状态，该实例由心跳决定',
    wrong_type: ({ wanted, found }) => `应为${wantedText(wanted)}，实际是${foundText(found)}`,
    not_count: () => `应为${wantedText({ kind: 'count' })}`,
    number_too_large: () => '数值过大',
    future_time: ({ time }) => `${time} 尚未到来`,
    future_revision: ({ revision, newest }) => `修订 ${revision} 尚不存在，最新的是 ${newest}`,
    not_known_then: ({ what }) => (what === 'counts' ? '没有过去时刻的数量' : '没有过去时刻的状态'),
    bad_pattern: ({ detail }) => `不是正则表达式：${patternText(detail)}`,
    pattern_not_supported: ({ detail }) => `正则表达式含有不支持的写法：${patternText(detail)}`,
    pattern_too_large: ({ limit }) => `正则表达式编译后超过 ${limit} 字节，请简化`,
    too_many_patterns: ({ count, limit }) => `共 ${count} 个正则表达式，一条规则最多 ${limit} 个`,
    too_many_compared: ({ count, limit }) => `共有 ${count} 个标签与调用的属性比较，最多 ${limit} 个`,
    window_repeated: ({ window_ms: window, earlier }) => `时间窗口 ${window} 毫秒与限额 ${earlier + 1} 相同`,
    amount_never_reached: ({ max, other, other_max: otherMax, other_window_ms: window }) =>
      `永远不会达到 ${max} 次：限额 ${other + 1} 每 ${window} 毫秒最多放行 ${otherMax} 次`,
    too_fast: ({ max, window_ms: window, a_second: second, limit }) => `每 ${window} 毫秒 ${max} 次即每秒 ${second} 次，最多每秒 ${limit} 次`,
    burst_too_large: ({ burst, limit }) => `${burst} 次调用要两年以上才能恢复，按此速率最多 ${limit} 次`,
    bad_header_name: ({ name }) => `“${name}”不能作为响应头的名称`,
    framing_header: ({ name }) => `响应头“${name}”由服务器生成，请去掉`,
    method_as_argument: () => '请使用规则的“方法”',
  },
}
