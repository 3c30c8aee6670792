import { realClock } from '#base'
import { resourceFromDocument, type DocumentedKind } from '#machinery'
import { memoryStore, startApiServer } from './api-server.ts'

/** What one more kind costs that nobody uses yet. */
export interface KindsResult {
  readonly bytesEach: number
  readonly documentBytes: number
  readonly msEach: number
}

const count = 500
const server = await startApiServer(await memoryStore())
const text = JSON.stringify(document())
await add(0, 50)
const before = held()
const started = realClock.elapsed()
await add(50, count + 50)
const msEach = (realClock.elapsed() - started) / count
const bytesEach = (held() - before) / count
const result: KindsResult = { bytesEach, documentBytes: text.length, msEach }
process.stdout.write(JSON.stringify(result))
process.exit(0)

async function add(from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    const kind = JSON.parse(text.replaceAll('widget', `widget${i}`)) as DocumentedKind
    await server.addResource(resourceFromDocument(kind))
  }
}

function held(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Two hundred fields in nested objects and lists: an operator's kind of the ordinary sort. */
function document(): DocumentedKind {
  const leaf = (i: number) => ({
    type: 'string',
    description: `What the setting number ${i} of this part means to the operator, in a sentence.`,
    maxLength: 253,
  })
  const part = (i: number) => ({
    type: 'object',
    description: `Part ${i} of what is wanted.`,
    properties: Object.fromEntries(Array.from({ length: 18 }, (_, at) => [`field${at}`, leaf(at)])),
  })
  const parts = Array.from({ length: 10 }, (_, i) => [`part${i}`, part(i)])
  const spec = { type: 'object', properties: Object.fromEntries(parts) }
  const properties = { spec, status: { type: 'object', properties: { phase: { type: 'string' } } } }
  return {
    group: 'example.com',
    names: { plural: 'widgets', kind: 'Widget' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties } },
        subresources: { status: {} },
      },
    ],
  }
}
