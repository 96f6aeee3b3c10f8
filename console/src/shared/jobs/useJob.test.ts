import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, type EffectScope } from 'vue'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Run, RunStatus } from './runs'
import { STALLED_AFTER_MS, useJob, type Job } from './useJob'

/** A real HTTP server in this process: what the job sees is what axios would see from Django. */
let server: Server
let answers: ((id: string) => { status: number; body: unknown })
let asked: string[] = []
let scope: EffectScope
let job: Job
let ended: Run[] = []

const run = (status: RunStatus, done = 0, more: Partial<Run> = {}): Run => ({
  id: 'r1', kind: 'segments.recalculate', status, phase: 'evaluate', done, total: 10, result: null, error: null, started_at: null, finished_at: null, ...more,
})

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`still ${job.state.value} after 5 s`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function start(): void {
  scope = effectScope()
  job = scope.run(() => useJob({ storageKey: 'segments:s1', onFinished: (last) => ended.push(last) })) as Job
}

beforeEach(async () => {
  asked = []
  ended = []
  localStorage.clear()
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const { status, body } = answers(request.url ?? '')
    response.writeHead(status, { 'content-type': status >= 400 ? 'application/problem+json' : 'application/json', 'access-control-allow-origin': 'http://localhost:3000', 'access-control-allow-credentials': 'true', 'access-control-allow-headers': '*' })
    response.end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { default: axios } = await import('axios')
  const { http } = await import('@/shared/http/client')
  http.defaults.baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  http.defaults.adapter = axios.getAdapter('http')
  start()
})

afterEach(async () => {
  scope.stop()
  vi.useRealTimers()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

describe('useJob', () => {
  it('test_follow__run_succeeds__told_once_with_its_result', async () => {
    const states: Run[] = [run('PENDING'), run('RUNNING', 5), run('SUCCEEDED', 10, { result: { added: 3 } })]
    answers = () => ({ status: 200, body: states.length > 1 ? states.shift() : states[0] })
    job.follow({ id: 'r1' })
    expect(job.state.value).toBe('waiting')
    await until(() => job.state.value === 'succeeded')
    expect(job.percent.value).toBe(100)
    expect(ended).toHaveLength(1)
    expect(ended[0]?.result).toEqual({ added: 3 })
    expect(localStorage.getItem('khaywe:run:segments:s1')).toBeNull()
  })

  it('test_resume__page_reloaded_meanwhile__found_again', async () => {
    answers = () => ({ status: 200, body: run('RUNNING', 4) })
    job.follow({ id: 'r1' })
    await until(() => job.state.value === 'running')
    scope.stop()
    start()
    expect(job.state.value).toBe('idle')
    job.resume()
    await until(() => job.state.value === 'running')
    expect(job.run.value?.done).toBe(4)
  })

  it('test_poll__server_forgot_the_run__shown_no_more', async () => {
    answers = () => ({ status: 404, body: { code: 'runs.not_found', status: 404 } })
    job.follow({ id: 'r1' })
    await until(() => job.state.value === 'idle')
    expect(localStorage.getItem('khaywe:run:segments:s1')).toBeNull()
  })

  it('test_poll__run_fails__reason_kept', async () => {
    answers = () => ({ status: 200, body: run('FAILED', 2, { error: { code: 'warehouse.unavailable', message: 'The warehouse does not answer.' } }) })
    job.follow({ id: 'r1' })
    await until(() => job.state.value === 'failed')
    expect(job.run.value?.error?.message).toBe('The warehouse does not answer.')
  })

  it('test_poll__server_down_then_up__says_unreachable_and_recovers', async () => {
    let isUp = false
    answers = () => (isUp ? { status: 200, body: run('SUCCEEDED', 10) } : { status: 503, body: {} })
    job.follow({ id: 'r1' })
    await until(() => asked.length >= 3 && job.state.value === 'unreachable')
    isUp = true
    job.checkNow()
    await until(() => job.state.value === 'succeeded')
  })

  it('test_poll__no_progress_for_long__says_stalled_and_goes_on', async () => {
    answers = () => ({ status: 200, body: run('RUNNING', 4) })
    job.follow({ id: 'r1' })
    await until(() => job.state.value === 'running')
    const later = Date.now() + STALLED_AFTER_MS + 1
    vi.spyOn(Date, 'now').mockReturnValue(later)
    job.checkNow()
    await until(() => job.state.value === 'stalled')
    vi.restoreAllMocks()
    answers = () => ({ status: 200, body: run('RUNNING', 6) })
    job.checkNow()
    await until(() => job.state.value === 'running')
  })

  it('test_cancel__running__server_is_asked', async () => {
    let status: RunStatus = 'RUNNING'
    answers = (url) => {
      if (url.endsWith('/cancel/')) status = 'CANCELLED'
      return { status: 200, body: run(status, 4) }
    }
    job.follow({ id: 'r1' })
    await until(() => job.state.value === 'running')
    await job.cancel()
    await until(() => job.state.value === 'cancelled')
    expect(asked).toContain('POST /api/loyalty/v1/runs/r1/cancel/')
  })
})
