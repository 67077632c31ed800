import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import { ERRORS } from '../../src/errors.ts'
import {
  addOperatorRoutes,
  createOperatorApp,
  type Readiness,
} from '../../src/http/operator-routes.ts'
import { ROUTES } from '../../src/http/routes.ts'
import { openSession } from '../flow.ts'
import { startHarness } from '../harness.ts'

const POOL = { depth: 1, target: 2, oldestSeconds: 3 }

function readiness(ready: boolean): Readiness {
  const checks = { store: ready ? 'ok' : 'down' }
  return { ready, checks, pools: { 'pool-key': POOL, 'rotated-pool-key': POOL } }
}

test('tells that it is alive, and ready or not', async () => {
  for (const ready of [true, false]) {
    const app = createOperatorApp({
      readiness: async () => readiness(ready),
      metrics: async () => 'a 1\n',
    })
    const alive = await app.inject({ method: 'GET', url: '/healthz' })
    assert.deepEqual([alive.statusCode, alive.json()], [200, { alive: true }])
    const reply = await app.inject({ method: 'GET', url: '/readyz' })
    assert.deepEqual([reply.statusCode, reply.json()], [ready ? 200 : 503, readiness(ready)])
    assert.equal(reply.headers['cache-control'], 'no-store')
    const metrics = await app.inject({ method: 'GET', url: '/metrics' })
    assert.equal(metrics.body, 'a 1\n')
    assert.match(String(metrics.headers['content-type']), /^text\/plain; version=0\.0\.4/)
    await app.close()
  }
})

test('serves operators nothing of the public routes', async () => {
  const app = createOperatorApp({
    readiness: async () => readiness(true),
    metrics: async () => '',
  })
  for (const { method, path } of ROUTES) {
    assert.equal((await app.inject({ method, url: path })).statusCode, 404)
  }
  await app.close()
})

test('counts responses by route template, never by path', async () => {
  const harness = await startHarness()
  addOperatorRoutes(harness.service.app, {
    readiness: async () => readiness(true),
    metrics: () => harness.service.metrics.text(),
  })
  await openSession(harness)
  await harness.service.app.inject({
    method: 'GET',
    url: '/flex/v2/payment-details/4111111111111111',
  })
  await harness.service.app.inject({ method: 'GET', url: '/4111111111111111' })
  const { body } = await harness.service.app.inject({ method: 'GET', url: '/metrics' })
  assert.match(body, /responses_total\{route="\/flex\/v2\/sessions",method="POST",status="201"\} 1/)
  assert.match(body, /route="\/flex\/v2\/payment-details\/:jti",method="GET",status="401"\} 1/)
  assert.match(body, /route="unknown",method="GET",status="404"\} 1/)
  assert.ok(!body.includes('4111'))
  await harness.close()
})

test('describes every public route, its success and every status of its errors', async () => {
  const app = createOperatorApp({
    readiness: async () => readiness(true),
    metrics: async () => '',
  })
  const { openapi, paths } = (await app.inject({ method: 'GET', url: '/openapi.json' })).json() as {
    openapi: string
    paths: Record<string, Record<string, { operationId: string; responses: object }>>
  }
  assert.match(openapi, /^3\.1\./)
  for (const { method, path, name, success, errors } of ROUTES) {
    const operation = paths[path.replace(/:(\w+)/, '{$1}')]?.[method.toLowerCase()]
    assert.equal(operation?.operationId, name)
    const statuses = [success.status, 500, ...errors.map((code) => ERRORS[code].status)]
    for (const status of statuses) assert.ok(status in operation.responses, `${name} ${status}`)
  }
  await app.close()
})
