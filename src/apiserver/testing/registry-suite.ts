import { after, before, describe } from 'node:test'
import { must, realRandom, seededRandom } from '#base'
import { testServer, type TestServer } from './server.ts'
import { Corner, type SampleKind } from './suite/corner.ts'
import { deletingTests } from './suite/deleting.ts'
import { patchingTests } from './suite/patching.ts'
import { readingTests } from './suite/reading.ts'
import { representingTests } from './suite/representing.ts'
import { watchingTests } from './suite/watching.ts'
import { writingTests } from './suite/writing.ts'

export type { SampleKind } from './suite/corner.ts'

/**
 * Everything that is true of every stored kind, tried on one of them: built in or arrived as a
 * document, the tests are the same and reach the server as clients do.
 */
export function runRegistrySuite(kind: SampleKind): void {
  describe(kind.title, { timeout: 60_000 }, () => {
    let server: TestServer | undefined
    let corners = 0
    before(async () => {
      server = await testServer({ random: seededRandom(realRandom.integer(2 ** 31)) })
      if (!kind.builtIn) await server.server.addResource(kind.resource)
    })
    after(() => server?.[Symbol.asyncDispose]())
    const stage = {
      get server() {
        return must(server, 'the server is up')
      },
      corner: () => newCorner(stage.server, kind, `corner${++corners}`),
    }
    readingTests(kind, stage)
    watchingTests(kind, stage)
    writingTests(kind, stage)
    patchingTests(kind, stage)
    deletingTests(kind, stage)
    representingTests(kind, stage)
  })
}

/** A namespace with what pods need in it. */
async function newCorner(server: TestServer, kind: SampleKind, id: string): Promise<Corner> {
  const corner = new Corner(server, kind, id)
  if (corner.namespace !== '') {
    await corner.ok('POST', '/api/v1/namespaces', { body: { metadata: { name: id } } })
    const accounts = `/api/v1/namespaces/${id}/serviceaccounts`
    await corner.ok('POST', accounts, { body: { metadata: { name: 'default' } } })
  }
  return corner
}
