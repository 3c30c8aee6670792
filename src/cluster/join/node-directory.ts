import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { asError, type Random } from '#base'
import {
  generateKeyPair,
  keyPairFromPem,
  parseCertificates,
  pkiDirectory,
  PkiError,
  privateKeyToPem,
  type Credential,
  type KeyPair,
  type PkiDirectory,
} from '#pki'
import { writeWhole } from '../data-directory.ts'
import { ClusterError, codeOf } from '../error.ts'

/** Certificate and key in one file, so that they are replaced together. Upstream's names. */
const credentialFiles = {
  client: 'kubelet-client-current.pem',
  serving: 'kubelet-server-current.pem',
} as const
/** The key of a request that is under way: after a crash, it finds its request again. */
const pendingFiles = {
  client: 'kubelet-client.key.tmp',
  serving: 'kubelet-server.key.tmp',
} as const
const caFile = 'ca.crt'

export type Purpose = keyof typeof credentialFiles

/**
 * What a node keeps to be itself again: `kubelet.conf`, and in `pki/` the cluster's CA and the
 * node's credentials. Only its owner reads it. What cannot be used is a ClusterError that names the
 * file, and is never overwritten.
 */
export class NodeDirectory {
  readonly path: string
  readonly kubeconfig: string
  readonly #pki: PkiDirectory

  constructor(path: string) {
    this.path = path
    this.kubeconfig = join(path, 'kubelet.conf')
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 })
      chmodSync(path, 0o700)
      this.#pki = told(() => pkiDirectory(join(path, 'pki')))
    } catch (error) {
      if (error instanceof ClusterError) throw error
      const code = codeOf(error)
      const why =
        code === 'EEXIST' || code === 'ENOTDIR' ? 'it is no directory' : asError(error).message
      throw new ClusterError(`node directory ${path} cannot be used: ${why}`, { cause: error })
    }
  }

  /** PEM. */
  ca(): string | undefined {
    return told(() => this.#pki.read(caFile))
  }

  writeCa(pem: string): void {
    told(() => this.#pki.write(caFile, pem, 'public'))
  }

  credential(purpose: Purpose): Credential | undefined {
    const file = credentialFiles[purpose]
    const text = told(() => this.#pki.read(file))
    if (text === undefined) return undefined
    const unusable = (why: string, cause?: unknown) =>
      new ClusterError(
        `${this.#pki.pathOf(file)} cannot be used: ${why}; remove it to get another`,
        {
          cause,
        },
      )
    try {
      const [certificate] = parseCertificates(text)
      const key = keyPairFromPem(text)
      if (certificate?.publicKey.equals(key.publicKey) !== true) {
        throw unusable('its certificate and its key do not belong together')
      }
      return { certificate, key }
    } catch (error) {
      if (error instanceof PkiError) throw unusable(error.message, error)
      throw error
    }
  }

  /** Puts a credential there whole, in place of the former one, and forgets the pending key. */
  writeCredential(purpose: Purpose, { certificate, key }: Credential): void {
    const text = certificate.pem + privateKeyToPem(key.privateKey)
    told(() => this.#pki.write(credentialFiles[purpose], text, 'secret'))
    this.dropPendingKey(purpose)
  }

  /** The key of the request that is under way; a new one where there is none. */
  pendingKey(purpose: Purpose, random: Random): KeyPair {
    const file = pendingFiles[purpose]
    const pending = readKey(told(() => this.#pki.read(file)))
    // One that is in use already was left by a crash at the very end of its request.
    const used = this.credential(purpose)?.key.publicKey
    if (pending !== undefined && used?.equals(pending.publicKey) !== true) return pending
    const key = generateKeyPair('ecdsa-p256', random)
    told(() => this.#pki.write(file, privateKeyToPem(key.privateKey), 'secret'))
    return key
  }

  dropPendingKey(purpose: Purpose): void {
    told(() => this.#pki.remove(pendingFiles[purpose]))
  }

  /** Says in `kubelet.conf` where the server is and who the node is. */
  writeKubeconfig(server: string, ca: string): void {
    const text = kubeconfigOf(server, ca)
    if (readText(this.kubeconfig) !== text) writeWhole(this.kubeconfig, text)
  }
}

/** Nobody knows a key that cannot be read: another one is as good. */
function readKey(text: string | undefined): KeyPair | undefined {
  if (text === undefined) return undefined
  try {
    return keyPairFromPem(text)
  } catch (error) {
    if (error instanceof PkiError) return undefined
    throw error
  }
}

/** The credential by its file, beside the kubeconfig, so that it is kept current by one rename. */
function kubeconfigOf(server: string, ca: string): string {
  const credential = `pki/${credentialFiles.client}`
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    '- name: k8ts',
    '  cluster:',
    `    certificate-authority-data: ${Buffer.from(ca).toString('base64')}`,
    `    server: ${JSON.stringify(server)}`,
    'contexts:',
    '- name: k8ts',
    '  context:',
    '    cluster: k8ts',
    '    user: kubelet',
    'current-context: k8ts',
    'users:',
    '- name: kubelet',
    '  user:',
    `    client-certificate: ${credential}`,
    `    client-key: ${credential}`,
    '',
  ].join('\n')
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Files that cannot be read or written, as a sentence. */
function told<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof PkiError)) throw error
    const code = codeOf(error.cause)
    const why = typeof code === 'string' ? ` (${code})` : ''
    throw new ClusterError(`${error.message}${why}`, { cause: error })
  }
}
