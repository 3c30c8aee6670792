import {
  bytes,
  type InputObjectOf,
  int32,
  item,
  list,
  map,
  type Whole,
  oneOf,
  type ReadOf,
  resource,
  string,
  struct,
  time,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { certificateState, requestedDuration } from './certificate-columns.ts'
import {
  prepareForApproval,
  prepareForCreate,
  prepareForSigning,
  prepareForUpdate,
} from './certificate-signing-request-strategy.ts'
import {
  validateApproval,
  validateSigning,
  validateSigningRequest,
  validateSigningRequestUpdate,
} from './certificate-signing-request-validation.ts'
import { keyUsages } from './key-usages.ts'

export const CertificateSigningRequestSchema = struct(
  'io.k8s.api.certificates.v1.CertificateSigningRequest',
  () => ({
    spec: value(CertificateSigningRequestSpec, 2).required(),
    status: value(CertificateSigningRequestStatus, 3),
  }),
)

export const CertificateSigningRequestSpec = struct(
  'io.k8s.api.certificates.v1.CertificateSigningRequestSpec',
  () => ({
    request: bytes(1).orNull().required(),
    signerName: string(7).emit().required(),
    expirationSeconds: int32(8).keep(),
    usages: list(oneOf(...keyUsages), 5),
    username: string(2),
    uid: string(3),
    groups: list(item.string, 4),
    extra: map(item.list(item.string), 6),
  }),
)
export type CertificateSigningRequestSpec = ReadOf<typeof CertificateSigningRequestSpec>

export const CertificateSigningRequestStatus = struct(
  'io.k8s.api.certificates.v1.CertificateSigningRequestStatus',
  () => ({
    conditions: list(CertificateSigningRequestCondition, 1).mapBy('type'),
    certificate: bytes(2),
  }),
)
export type CertificateSigningRequestStatus = ReadOf<typeof CertificateSigningRequestStatus>

export const CertificateSigningRequestCondition = struct(
  'io.k8s.api.certificates.v1.CertificateSigningRequestCondition',
  () => ({
    type: string(1).emit().required(),
    status: string(6).emit().required(),
    reason: string(2),
    message: string(3),
    lastUpdateTime: time(4).orNull(),
    lastTransitionTime: time(5).orNull(),
  }),
)
export type CertificateSigningRequestCondition = ReadOf<typeof CertificateSigningRequestCondition>

export const CertificateSigningRequest = resource({
  name: 'certificatesigningrequests',
  shortNames: ['csr'],
  namespaced: false,
  faces: [
    {
      group: 'certificates.k8s.io',
      version: 'v1',
      kind: 'CertificateSigningRequest',
      schema: CertificateSigningRequestSchema,
    },
  ],
  subresources: {
    status: {
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: prepareForSigning,
      validateUpdate: validateSigning,
    },
    approval: {
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: prepareForApproval,
      validateUpdate: validateApproval,
    },
  },
  generation: false,
  validateName: () => [],
  prepareForCreate,
  prepareForUpdate,
  validate: validateSigningRequest,
  validateUpdate: validateSigningRequestUpdate,
  columns: [
    nameColumn,
    ageColumn,
    { name: 'SignerName', value: (csr) => csr.spec.signerName },
    { name: 'Requestor', value: (csr) => csr.spec.username ?? '' },
    { name: 'RequestedDuration', value: (csr) => requestedDuration(csr.spec.expirationSeconds) },
    { name: 'Condition', value: (csr) => certificateState(csr.status) },
  ],
  selectableFields: [{ path: 'spec.signerName', value: (csr) => csr.spec.signerName }],
})
export type CertificateSigningRequest = Whole<typeof CertificateSigningRequestSchema>
export type CertificateSigningRequestInput = InputObjectOf<typeof CertificateSigningRequest>
