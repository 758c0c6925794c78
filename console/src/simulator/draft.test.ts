import { describe, expect, it } from 'vitest'
import { curlOf, merakOf } from './command'
import { draftText, parseDraft } from './draft'

const SPEC = { callee: { service: 'pay' }, branches: [], otherwise: 'reject' }

describe('parseDraft', () => {
  it('takes a draft, and a rule as the API writes it', () => {
    const draft = { namespace: 'shop', name: 'canary', spec: SPEC }
    expect(parseDraft(JSON.stringify(draft), 'default')).toEqual({ is: 'draft', draft })
    const rule = { namespace: 'shop', name: 'canary', ...SPEC, revision: 4, created_at: 'x' }
    expect(parseDraft(JSON.stringify(rule), 'default')).toEqual({ is: 'draft', draft })
    expect(parseDraft(draftText(rule), 'default')).toEqual({ is: 'draft', draft })
  })

  it('names what has no name', () => {
    expect(parseDraft(JSON.stringify({ spec: SPEC }), 'shop')).toEqual({
      is: 'draft',
      draft: { namespace: 'shop', name: 'draft', spec: SPEC },
    })
  })

  it('says what is no draft', () => {
    expect(parseDraft('  ', 'default')).toEqual({ is: 'none' })
    expect(parseDraft('{', 'default').is).toBe('fault')
    expect(parseDraft('[]', 'default').is).toBe('fault')
    expect(parseDraft('null', 'default').is).toBe('fault')
  })
})

describe('curlOf', () => {
  it('survives a shell', () => {
    const request = { to: { namespace: 'default', service: 'pay' }, headers: { 'x-name': "o'neil" } }
    const command = curlOf('http://127.0.0.1:8090', 'route', { request, draws: 10 }, '44')
    expect(command).toContain("'http://127.0.0.1:8090/api/v1/simulate/route?as_of=44'")
    expect(command).toContain(String.raw`"o'\''neil"`)
  })
})

describe('merakOf', () => {
  it('says what was said, and a draft on the input', () => {
    const request = {
      from: { namespace: 'edge', service: 'api', metadata: { env: 'a b' }, location: { region: 'eu', zone: '', campus: '' } },
      to: { namespace: 'default', service: 'pay' },
      query: { q: "it's" },
      exclude: ['one'],
    }
    const command = merakOf('http://m', { request, seed: 3, draws: 10, draft: { namespace: 'default', name: 'x', spec: SPEC as never } }, undefined)
    const [call, document] = command.split(" <<'RULE'\n")
    expect(call?.split(' \\\n  ')).toEqual([
      "merak simulate route --server 'http://m' --to 'pay'",
      "--to-namespace 'default'",
      "--from 'api'",
      "--from-namespace 'edge'",
      "--region 'eu'",
      "--from-label 'env=a b'",
      String.raw`--query 'q=it'\''s'`,
      "--exclude 'one'",
      '--draws 10 --seed 3',
      '--draft -',
    ])
    expect(JSON.parse(document?.replace(/RULE$/, '') ?? '')).toMatchObject({ kind: 'RoutingRule', metadata: { name: 'x' }, spec: SPEC })
  })
})
