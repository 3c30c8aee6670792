import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Job } from '#api'
import { formatTime } from '#base'
import { controllers } from '#controllers'
import { startControllerCluster } from './harness.ts'

const tested = controllers().filter(({ name }) => name === 'ttl-after-finished-controller')

describe('finished Jobs', () => {
  it('are deleted with their pods when their time is over', async () => {
    await using cluster = await startControllerCluster(tested)
    const { client, clock } = cluster
    const jobs = client.resource(Job).namespace('default')
    const make = (name: string, ttlSecondsAfterFinished?: number) =>
      jobs.create({
        metadata: { name },
        spec: {
          ttlSecondsAfterFinished,
          template: {
            spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] },
          },
        },
      })
    await make('for-ever')
    await make('running', 10)
    await make('soon', 10)
    const time = formatTime(clock.now())
    const condition = { status: 'True', lastProbeTime: time, lastTransitionTime: time }
    for (const name of ['for-ever', 'soon']) {
      const status = {
        startTime: time,
        completionTime: time,
        conditions: [
          { type: 'SuccessCriteriaMet', ...condition },
          { type: 'Complete', ...condition },
        ],
      }
      await jobs.subresource('status').patch(name, { type: 'merge', patch: { status } })
    }
    const going = async () =>
      (await jobs.list()).items
        .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
        .map(({ metadata }) => [metadata.name, metadata.finalizers])
    await clock.advance(9_000)
    assert.deepEqual(await going(), [])
    await clock.advance(2_000)
    assert.deepEqual(await going(), [['soon', ['foregroundDeletion']]])
  })
})
