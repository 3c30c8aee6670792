import {
  type InputObjectOf,
  int32,
  list,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  time,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'

export const PriorityLevelConfigurationSchema = struct(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration',
  () => ({
    spec: value(PriorityLevelConfigurationSpec, 2),
    status: value(PriorityLevelConfigurationStatus, 3),
  }),
)

export const PriorityLevelConfigurationSpec = struct(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec',
  () => ({
    type: string(1).values('Exempt', 'Limited').emit().required(),
    limited: pointer(LimitedPriorityLevelConfiguration, 2),
    exempt: pointer(ExemptPriorityLevelConfiguration, 3),
  }),
  { unions: [{ discriminator: 'type', fields: { exempt: 'Exempt', limited: 'Limited' } }] },
)
export type PriorityLevelConfigurationSpec = ReadOf<typeof PriorityLevelConfigurationSpec>

export const LimitedPriorityLevelConfiguration = struct(
  'io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration',
  () => ({
    nominalConcurrencyShares: int32(1).orNull().default(30),
    limitResponse: value(LimitResponse, 2),
    lendablePercent: int32(3).keep().default(0),
    borrowingLimitPercent: int32(4).keep(),
  }),
)
export type LimitedPriorityLevelConfiguration = ReadOf<typeof LimitedPriorityLevelConfiguration>

export const LimitResponse = struct(
  'io.k8s.api.flowcontrol.v1.LimitResponse',
  () => ({
    type: string(1).values('Queue', 'Reject').emit().required(),
    queuing: pointer(QueuingConfiguration, 2),
  }),
  { unions: [{ discriminator: 'type', fields: { queuing: 'Queuing' } }] },
)
export type LimitResponse = ReadOf<typeof LimitResponse>

export const QueuingConfiguration = struct(
  'io.k8s.api.flowcontrol.v1.QueuingConfiguration',
  () => ({
    queues: int32(1).emit().default(64),
    handSize: int32(2).emit().default(8),
    queueLengthLimit: int32(3).emit().default(50),
  }),
)
export type QueuingConfiguration = ReadOf<typeof QueuingConfiguration>

export const ExemptPriorityLevelConfiguration = struct(
  'io.k8s.api.flowcontrol.v1.ExemptPriorityLevelConfiguration',
  () => ({
    nominalConcurrencyShares: int32(1).keep().default(0),
    lendablePercent: int32(2).keep().default(0),
  }),
)
export type ExemptPriorityLevelConfiguration = ReadOf<typeof ExemptPriorityLevelConfiguration>

export const PriorityLevelConfigurationStatus = struct(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationStatus',
  () => ({
    conditions: list(PriorityLevelConfigurationCondition, 1).mapBy('type').patch('merge', 'type'),
  }),
)
export type PriorityLevelConfigurationStatus = ReadOf<typeof PriorityLevelConfigurationStatus>

export const PriorityLevelConfigurationCondition = struct(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationCondition',
  () => ({
    type: string(1),
    status: string(2).values('False', 'True', 'Unknown'),
    lastTransitionTime: time(3).orNull(),
    reason: string(4),
    message: string(5),
  }),
)
export type PriorityLevelConfigurationCondition = ReadOf<typeof PriorityLevelConfigurationCondition>

export const PriorityLevelConfiguration = resource({
  name: 'prioritylevelconfigurations',
  namespaced: false,
  faces: [
    {
      group: 'flowcontrol.apiserver.k8s.io',
      version: 'v1',
      kind: 'PriorityLevelConfiguration',
      schema: PriorityLevelConfigurationSchema,
    },
  ],
  subresources: {
    status: true,
  },
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    { name: 'Type', value: (level) => level.spec.type },
    { name: 'NominalConcurrencyShares', value: (level) => String(nominalShares(level.spec)) },
    { name: 'Queues', value: (level) => String(queuing(level.spec)?.queues ?? '<none>') },
    { name: 'HandSize', value: (level) => String(queuing(level.spec)?.handSize ?? '<none>') },
    {
      name: 'QueueLengthLimit',
      value: (level) => String(queuing(level.spec)?.queueLengthLimit ?? '<none>'),
    },
    ageColumn,
  ],
})
export type PriorityLevelConfiguration = Whole<typeof PriorityLevelConfigurationSchema>
export type PriorityLevelConfigurationInput = InputObjectOf<typeof PriorityLevelConfiguration>

function nominalShares(spec: PriorityLevelConfigurationSpec): number | string {
  return spec.limited?.nominalConcurrencyShares ?? '<none>'
}

function queuing(spec: PriorityLevelConfigurationSpec): QueuingConfiguration | undefined {
  return spec.limited?.limitResponse.queuing
}
