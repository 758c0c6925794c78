import type { Dictionary } from './en'

/** The words of forms in Chinese. */
export const forms: Dictionary['forms'] = {
  missing: '此项必填',
  whole: (text, min, max) => `须为 ${min} 到 ${max} 的整数，而不是“${text}”`,
  share: (text) => `须为 0 到 1 的数，而不是“${text}”`,
  entriesHint: '每行一条 key=value。首尾有空格的键或值须加引号，如 note=" x"；换行写作引号中的 "\\n"。',
  entriesLine: (line) => `第 ${line} 行不是 key=value`,
  entriesQuote: (line) => `第 ${line} 行：以引号开头的须是完整的 JSON 字符串，如 "one\\ntwo"`,
  entriesTwice: (key) => `“${key}”重复`,
  leaveTitle: '放弃已输入的内容？',
  leaveHint: '这些内容尚未保存，放弃后会丢失。',
  discard: '放弃',
  keep: '继续编辑',
  overtaken: (revision) => `期间已被他人修改，保存为修订 ${revision}。已输入的内容会保留。`,
  taken: '以下部分你没有改动，已采用他人的修改：',
  bothChanged: (count) => `${count} 处双方都修改过，采用哪一个？`,
  choose: '请选择其一',
  saveAgain: '请核对后再次保存。',
  gone: '期间已被他人删除。已输入的内容会保留：再次保存将重新创建。',
  restored: (name) => `已恢复 ${name}`,
}
