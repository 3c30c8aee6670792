import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api'
import { seededRandom, silentLog, VirtualClock } from '#base'
import { Client, EventBroadcaster, Informers, type Transport } from '#client'
import { controller } from './controller.ts'
import { runControllers } from './run.ts'

/** An API server that never answers. */
const silent: Transport = {
  send: () => new Promise(() => {}),
  watch: () => ({ close: () => {} }),
  [Symbol.asyncDispose]: async () => {},
}

test('a controller that never saw the present state can be stopped, though it has keys', async () => {
  const clock = new VirtualClock()
  const services = { clock, random: seededRandom(1), log: silentLog }
  const client = new Client(silent, clock)
  await using broadcaster = new EventBroadcaster(client, services)
  const informers = new Informers(client, services)
  const reconciled: string[] = []
  const impatient = controller({
    name: 'impatient-controller',
    account: undefined,
    setup(context) {
      context.watch(ConfigMap, () => [])
      context.queue.add('first')
      return async (key) => void reconciled.push(key)
    },
  })
  const running = runControllers([impatient], {
    ...services,
    informers,
    clientFor: () => client,
    eventsFor: (component) => broadcaster.recorder({ component }),
  })
  const started = informers.start()
  started.catch(() => {})
  await clock.advance(1_000)
  await running.stop()
  await assert.rejects(running.whenSynced())
  assert.deepEqual(reconciled, [])
})
