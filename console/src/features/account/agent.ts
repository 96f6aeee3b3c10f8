/** A browser's own description as people would say it: "Chrome on Android". */

const BROWSERS: readonly [RegExp, string][] = [[/Edg\//, 'Edge'], [/OPR\/|Opera/, 'Opera'], [/Firefox\//, 'Firefox'], [/Chrome\//, 'Chrome'], [/Safari\//, 'Safari'], [/^(curl|python-requests|httpx|PostmanRuntime)/i, '']]
const SYSTEMS: readonly [RegExp, string][] = [[/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Windows/, 'Windows'], [/Mac OS X/, 'macOS'], [/Linux|X11/, 'Linux']]

export function agentWords(agent: string): { name: string; isPhone: boolean } {
  const browser = BROWSERS.find(([pattern]) => pattern.test(agent))?.[1] ?? ''
  const system = SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1] ?? ''
  const name = [browser, system].filter(Boolean).join(' · ')
  return { name: name || agent.split(/[ /]/)[0] || '', isPhone: /Android|iPhone|Mobile/.test(agent) }
}
