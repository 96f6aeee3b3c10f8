/** End-to-end runs against a real server, named by BASE_URL, LOYALTY_USER and LOYALTY_PASSWORD. */
import { existsSync } from 'node:fs'
import { defineConfig } from '@playwright/test'

/** Stories that change or count what holds for everybody (settings, policies, workflows, ways in): told one after another by one worker. */
const OF_ALL = ['admin', 'approvals', 'campaigns', 'dataSources', 'delivery', 'permissions', 'segments', 'signIn'].map((story) => `**/${story}.spec.ts`)

const candidates = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = candidates.find((path) => path !== undefined && existsSync(path))

export default defineConfig({
  testDir: 'tests/e2e',
  fullyParallel: false,
  // Two workers, each with stories that the other's do not touch: one processor is the browser's, the other the server's.
  workers: 2,
  projects: [
    { name: 'of-all', testMatch: OF_ALL, workers: 1 },
    { name: 'of-one', testIgnore: OF_ALL, workers: 1 },
  ],
  // Patience for a machine that tests the backend at the same time.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  outputDir: 'test-results',
  use: {
    baseURL: process.env.BASE_URL,
    viewport: { width: 1440, height: 900 },
    trace: 'off',
    launchOptions: { ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox'] },
  },
})
