import type { Dictionary } from './en'

/** 拒绝原因的中文说法；没有固定说法的部分保留控制面的原话。 */
export const problems: Dictionary['problems'] = {
  codes: {
    invalid_argument: (said) => `请求无效：${said}`,
    not_found: (said) => `不存在：${said}`,
    no_such_path: () => '接口没有这个路径',
    method_not_allowed: () => '该路径不支持此操作',
    request_timeout: () => '请求内容没有在 20 秒内到达，未做任何修改',
    conflict: (said) => `当前状态不允许这样做：${said}`,
    gone: () => '变更日志已不再保留那么早的内容',
    precondition_failed: () => '期间已被他人修改，请查看现在的内容',
    precondition_required: () => '写入时没有说明所依据的版本',
    tests_failed: () => '规则的测试不通过',
    payload_too_large: () => '请求内容超过 1 MiB',
    unsupported_media_type: () => '不支持这种请求内容类型',
    internal: () => '控制面内部出错，请凭请求 ID 查看日志',
    unavailable: () => '控制面暂时不可用，未做任何修改，请稍后再试',
    timeout: () => '30 秒内没有得到结果，不确定是否已生效，请查看现在的内容',
  },
  reasons: {
    missing: () => '必须填写',
    too_long: ({ length, limit }) => `共 ${length} 个字符，最多 ${limit} 个`,
    bad_character: ({ found, position }) => `第 ${position + 1} 个字符“${found}”不允许使用`,
    out_of_range: ({ value, min, max }) => `${value} 超出范围 ${min} 到 ${max}`,
    too_many: ({ count, limit }) => `共 ${count} 项，最多 ${limit} 项`,
    malformed: ({ value, expected }) => `“${value}”格式不正确，应为 ${expected}`,
    unknown_field: ({ field, known }) => `没有“${field}”这个字段（${known}）`,
  },
}
