import type { Clock, Random } from '#base'
import { parseCertificates, type Certificate } from './certificate.ts'
import { memoryDirectory, pkiDirectory, type PkiDirectory } from './directory.ts'
import { PkiError } from './error.ts'
import { issueCertificate, selfSignAuthority, type Credential } from './issue.ts'
import {
  generateKeyPair,
  keyPairFromPem,
  privateKeyToPem,
  publicKeyToPem,
  type KeyPair,
  type KeyType,
} from './keys.ts'
import type { AlternativeNames, Subject } from './names.ts'
import type { Usage } from './usages.ts'
import { verifyCertificate } from './verify.ts'

/** The keys and certificates of one cluster. File names are kubeadm's. */
export interface Pki {
  /** Signs serving and client certificates of the cluster: `ca.crt`, `ca.key`. */
  readonly ca: Credential
  /** What the API server shows its clients: `apiserver.crt`. */
  readonly serving: Credential
  /** What the API server shows kubelets: `apiserver-kubelet-client.crt`. */
  readonly kubeletClient: Credential
  /** Vouches for who may speak for others in X-Remote headers: `front-proxy-ca.crt`. */
  readonly frontProxyCa: Credential
  readonly frontProxyClient: Credential
  /** Signs service account tokens: `sa.key`, `sa.pub`. */
  readonly serviceAccount: KeyPair
  /** The first user's, in the group system:masters: `admin.crt`. */
  readonly admin: Credential
  /**
   * A client credential signed by `ca`, kept as `<name>.crt` and `<name>.key`; the one kept is
   * returned while it is good for the same subject.
   */
  client(name: string, subject: Subject): Credential
  /** Wall time from which on `renew` has something to do; authorities last for years. */
  readonly renewalMs: number
  /**
   * Issues those certificates again, over the same keys, that are near their end; from then on they
   * are what the fields here hold. Says their file names.
   */
  renew(): readonly string[]
}

export interface PkiOptions {
  readonly clock: Clock
  readonly random: Random
  readonly keyType?: KeyType
  /** Of the machine the API server runs on. */
  readonly hostName: string
  /** The `kubernetes` Service's addresses: the first of each service range. */
  readonly serviceIps: readonly string[]
  readonly clusterDomain?: string
  readonly extraDnsNames?: readonly string[]
  readonly extraIps?: readonly string[]
}

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
/** Certificates are dated back, for machines whose clocks lag behind. */
const backdateMs = 5 * minuteMs
const authorityLifetimeMs = 3650 * dayMs
const leafLifetimeMs = 365 * dayMs
/** A certificate found with less than this to live is replaced, over the same key. */
const authorityRenewalMs = 365 * dayMs
const leafRenewalMs = 30 * dayMs

/**
 * The PKI in a directory: made on the first start, re-used later. Certificates near their end, and
 * those whose names no longer fit, are issued again over the key that is there, so every change is
 * the replacement of one file. A file that cannot be used is never overwritten: it is an error of
 * reason `Unusable` that names it.
 *
 * Not promised: that two processes may share a directory before its first use is complete.
 */
export function ensurePki(path: string, options: PkiOptions): Pki {
  const pki = new KeptPki(new Keeper(pkiDirectory(path), options), options)
  pki.makeAll()
  return pki
}

/** The same without files; each part is made when it is first asked for, as a test needs few. */
export function memoryPki(options: PkiOptions): Pki {
  return new KeptPki(new Keeper(memoryDirectory(), options), options)
}

class KeptPki implements Pki {
  readonly #keeper: Keeper
  readonly #options: PkiOptions
  #serviceAccount: KeyPair | undefined
  readonly #authorities = new Map<string, Credential>()
  readonly #leafs = new Map<string, KeptLeaf>()

  constructor(keeper: Keeper, options: PkiOptions) {
    this.#keeper = keeper
    this.#options = options
  }

  makeAll(): void {
    for (const part of [this.ca, this.serving, this.kubeletClient, this.admin]) void part
    for (const part of [this.frontProxyCa, this.frontProxyClient, this.serviceAccount]) void part
  }

  get ca(): Credential {
    return this.#authority('ca', 'kubernetes')
  }

  get serving(): Credential {
    const subject = { commonName: 'kube-apiserver', organizations: [] }
    const names = servingNames(this.#options)
    return this.#leaf('apiserver', 'apiserver', () =>
      this.#keeper.leaf('apiserver', this.ca, { subject, names, usage: 'server auth' }),
    )
  }

  get kubeletClient(): Credential {
    return this.client('apiserver-kubelet-client', {
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
    })
  }

  get frontProxyCa(): Credential {
    return this.#authority('front-proxy-ca', 'front-proxy-ca')
  }

  get frontProxyClient(): Credential {
    const name = 'front-proxy-client'
    const subject = { commonName: name, organizations: [] }
    return this.#leaf(name, name, () =>
      this.#keeper.leaf(name, this.frontProxyCa, { subject, names: {}, usage: 'client auth' }),
    )
  }

  get serviceAccount(): KeyPair {
    this.#serviceAccount ??= this.#keeper.serviceAccountKey()
    return this.#serviceAccount
  }

  get admin(): Credential {
    return this.client('admin', {
      commonName: 'kubernetes-admin',
      organizations: ['system:masters'],
    })
  }

  client(name: string, subject: Subject): Credential {
    return this.#leaf(`${name} ${JSON.stringify(subject)}`, name, () =>
      this.#keeper.leaf(name, this.ca, { subject, names: {}, usage: 'client auth' }),
    )
  }

  get renewalMs(): number {
    const ends = [...this.#leafs.values()].map(
      ({ credential }) => credential.certificate.notAfterMs,
    )
    return Math.min(...ends) - leafRenewalMs
  }

  renew(): readonly string[] {
    const due = this.#options.clock.now() + leafRenewalMs
    const renewed: string[] = []
    for (const leaf of this.#leafs.values()) {
      if (leaf.credential.certificate.notAfterMs > due) continue
      leaf.credential = leaf.make()
      renewed.push(leaf.name)
    }
    return renewed
  }

  #authority(name: string, commonName: string): Credential {
    const made = this.#authorities.get(name) ?? this.#keeper.authority(name, commonName)
    this.#authorities.set(name, made)
    return made
  }

  #leaf(key: string, name: string, make: () => Credential): Credential {
    const known = this.#leafs.get(key)
    if (known !== undefined) return known.credential
    const credential = make()
    this.#leafs.set(key, { name, make, credential })
    return credential
  }
}

interface KeptLeaf {
  readonly name: string
  /** Gets it from its file, or issues it again where it is near its end. */
  readonly make: () => Credential
  credential: Credential
}

function servingNames(options: PkiOptions): Partial<AlternativeNames> {
  const domain = options.clusterDomain ?? 'cluster.local'
  const dnsNames = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${domain}`,
    'localhost',
    options.hostName,
    ...(options.extraDnsNames ?? []),
  ]
  const ipAddresses = ['127.0.0.1', '::1', ...options.serviceIps, ...(options.extraIps ?? [])]
  return { dnsNames: [...new Set(dnsNames)], ipAddresses: [...new Set(ipAddresses)] }
}

interface Leaf {
  readonly subject: Subject
  readonly names: Partial<AlternativeNames>
  readonly usage: Usage
}

/** Gets each part of a PKI from its files, or makes it and writes them. */
class Keeper {
  readonly #directory: PkiDirectory
  readonly #options: PkiOptions

  constructor(directory: PkiDirectory, options: PkiOptions) {
    this.#directory = directory
    this.#options = options
  }

  authority(name: string, commonName: string): Credential {
    const { clock, random } = this.#options
    const kept = this.#readCertificate(`${name}.crt`)
    const key = this.#key(`${name}.key`, kept !== undefined)
    if (kept !== undefined) {
      this.#mustFit(name, kept, key)
      if (!kept.isAuthority) throw this.#unusable(`${name}.crt`, 'it is no certificate authority')
      if (kept.notAfterMs - clock.now() > authorityRenewalMs) return { certificate: kept, key }
    }
    const certificate = selfSignAuthority(
      {
        subject: kept?.subject ?? { commonName, organizations: [] },
        alternativeNames: { dnsNames: [commonName] },
        notBeforeMs: clock.now() - backdateMs,
        notAfterMs: clock.now() + authorityLifetimeMs,
      },
      key,
      random,
    )
    this.#directory.write(`${name}.crt`, certificate.pem, 'public')
    return { certificate, key }
  }

  leaf(name: string, issuer: Credential, leaf: Leaf): Credential {
    const { clock, random } = this.#options
    const kept = this.#readCertificate(`${name}.crt`)
    const key = this.#key(`${name}.key`, kept !== undefined)
    if (kept !== undefined) {
      this.#mustFit(name, kept, key)
      if (this.#stillGood(kept, issuer, leaf)) return { certificate: kept, key }
    }
    const certificate = issueCertificate(
      {
        subject: leaf.subject,
        publicKey: key.publicKey,
        usages: ['digital signature', 'key encipherment', leaf.usage],
        alternativeNames: leaf.names,
        notBeforeMs: clock.now() - backdateMs,
        notAfterMs: clock.now() + leafLifetimeMs,
      },
      issuer,
      random,
    )
    this.#directory.write(`${name}.crt`, certificate.pem, 'public')
    return { certificate, key }
  }

  serviceAccountKey(): KeyPair {
    const key = this.#key('sa.key', false)
    const pem = publicKeyToPem(key.publicKey)
    if (this.#directory.read('sa.pub') === undefined) this.#directory.write('sa.pub', pem, 'public')
    return key
  }

  /** The key of a file; a new one where there is none, unless something depends on it already. */
  #key(file: string, needed: boolean): KeyPair {
    const text = this.#directory.read(file)
    if (text !== undefined) {
      try {
        return keyPairFromPem(text)
      } catch (error) {
        throw this.#unusable(file, 'it holds no usable private key', error)
      }
    }
    if (needed) throw this.#unusable(file, 'it is missing, but its certificate is there')
    const { keyType = 'ecdsa-p256', random } = this.#options
    const key = generateKeyPair(keyType, random)
    this.#directory.write(file, privateKeyToPem(key.privateKey), 'secret')
    return key
  }

  #readCertificate(file: string): Certificate | undefined {
    const text = this.#directory.read(file)
    if (text === undefined) return undefined
    let certificate: Certificate | undefined
    try {
      certificate = parseCertificates(text)[0]
    } catch (error) {
      throw this.#unusable(file, 'it holds no usable certificate', error)
    }
    if (certificate === undefined) throw this.#unusable(file, 'it holds no certificate')
    return certificate
  }

  #mustFit(name: string, certificate: Certificate, key: KeyPair): void {
    if (certificate.publicKey.equals(key.publicKey)) return
    throw this.#unusable(`${name}.crt`, `it does not belong to ${name}.key`)
  }

  #stillGood(kept: Certificate, issuer: Credential, leaf: Leaf): boolean {
    const now = this.#options.clock.now()
    if (kept.notAfterMs - now <= leafRenewalMs) return false
    if (kept.subject.commonName !== leaf.subject.commonName) return false
    if (!covers(kept.subject.organizations, leaf.subject.organizations)) return false
    if (!covers(leaf.subject.organizations, kept.subject.organizations)) return false
    if (!covers(kept.alternativeNames.dnsNames, leaf.names.dnsNames ?? [])) return false
    if (!covers(kept.alternativeNames.ipAddresses, leaf.names.ipAddresses ?? [])) return false
    try {
      verifyCertificate(kept, { roots: [issuer.certificate], atMs: now, usage: leaf.usage })
      return true
    } catch (error) {
      if (error instanceof PkiError) return false
      throw error
    }
  }

  #unusable(file: string, why: string, cause?: unknown): PkiError {
    return new PkiError('Unusable', `${this.#directory.pathOf(file)} cannot be used: ${why}`, {
      cause,
    })
  }
}

function covers(held: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((value) => held.includes(value))
}
