import {
  boolean,
  type InputObjectOf,
  int32,
  item,
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

export const FlowSchemaSchema = struct('io.k8s.api.flowcontrol.v1.FlowSchema', () => ({
  spec: value(FlowSchemaSpec, 2),
  status: value(FlowSchemaStatus, 3),
}))

export const FlowSchemaSpec = struct('io.k8s.api.flowcontrol.v1.FlowSchemaSpec', () => ({
  priorityLevelConfiguration: value(PriorityLevelConfigurationReference, 1).required(),
  matchingPrecedence: int32(2).emit().default(1000),
  distinguisherMethod: pointer(FlowDistinguisherMethod, 3),
  rules: list(PolicyRulesWithSubjects, 4),
}))
export type FlowSchemaSpec = ReadOf<typeof FlowSchemaSpec>

export const PriorityLevelConfigurationReference = struct(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationReference',
  () => ({
    name: string(1).emit().required(),
  }),
)
export type PriorityLevelConfigurationReference = ReadOf<typeof PriorityLevelConfigurationReference>

export const FlowDistinguisherMethod = struct(
  'io.k8s.api.flowcontrol.v1.FlowDistinguisherMethod',
  () => ({
    type: string(1).values('ByNamespace', 'ByUser').emit().required(),
  }),
)
export type FlowDistinguisherMethod = ReadOf<typeof FlowDistinguisherMethod>

export const PolicyRulesWithSubjects = struct(
  'io.k8s.api.flowcontrol.v1.PolicyRulesWithSubjects',
  () => ({
    subjects: list(FlowSchemaSubject, 1).orNull().required(),
    resourceRules: list(ResourcePolicyRule, 2),
    nonResourceRules: list(NonResourcePolicyRule, 3),
  }),
)
export type PolicyRulesWithSubjects = ReadOf<typeof PolicyRulesWithSubjects>

export const FlowSchemaSubject = struct(
  'io.k8s.api.flowcontrol.v1.Subject',
  () => ({
    kind: string(1).values('Group', 'ServiceAccount', 'User').emit().required(),
    user: pointer(UserSubject, 2),
    group: pointer(GroupSubject, 3),
    serviceAccount: pointer(ServiceAccountSubject, 4),
  }),
  {
    unions: [
      {
        discriminator: 'kind',
        fields: { group: 'Group', serviceAccount: 'ServiceAccount', user: 'User' },
      },
    ],
  },
)
export type FlowSchemaSubject = ReadOf<typeof FlowSchemaSubject>

export const UserSubject = struct('io.k8s.api.flowcontrol.v1.UserSubject', () => ({
  name: string(1).emit().required(),
}))
export type UserSubject = ReadOf<typeof UserSubject>

export const GroupSubject = struct('io.k8s.api.flowcontrol.v1.GroupSubject', () => ({
  name: string(1).emit().required(),
}))
export type GroupSubject = ReadOf<typeof GroupSubject>

export const ServiceAccountSubject = struct(
  'io.k8s.api.flowcontrol.v1.ServiceAccountSubject',
  () => ({
    namespace: string(1).emit().required(),
    name: string(2).emit().required(),
  }),
)
export type ServiceAccountSubject = ReadOf<typeof ServiceAccountSubject>

export const ResourcePolicyRule = struct('io.k8s.api.flowcontrol.v1.ResourcePolicyRule', () => ({
  verbs: list(item.string, 1).orNull().set().required(),
  apiGroups: list(item.string, 2).orNull().set().required(),
  resources: list(item.string, 3).orNull().set().required(),
  clusterScope: boolean(4),
  namespaces: list(item.string, 5).orNull().set(),
}))
export type ResourcePolicyRule = ReadOf<typeof ResourcePolicyRule>

export const NonResourcePolicyRule = struct(
  'io.k8s.api.flowcontrol.v1.NonResourcePolicyRule',
  () => ({
    verbs: list(item.string, 1).orNull().set().required(),
    nonResourceURLs: list(item.string, 6).orNull().set().required(),
  }),
)
export type NonResourcePolicyRule = ReadOf<typeof NonResourcePolicyRule>

export const FlowSchemaStatus = struct('io.k8s.api.flowcontrol.v1.FlowSchemaStatus', () => ({
  conditions: list(FlowSchemaCondition, 1).mapBy('type').patch('merge', 'type'),
}))
export type FlowSchemaStatus = ReadOf<typeof FlowSchemaStatus>

export const FlowSchemaCondition = struct('io.k8s.api.flowcontrol.v1.FlowSchemaCondition', () => ({
  type: string(1),
  status: string(2).values('False', 'True', 'Unknown'),
  lastTransitionTime: time(3).orNull(),
  reason: string(4),
  message: string(5),
}))
export type FlowSchemaCondition = ReadOf<typeof FlowSchemaCondition>

export const FlowSchema = resource({
  name: 'flowschemas',
  namespaced: false,
  faces: [
    {
      group: 'flowcontrol.apiserver.k8s.io',
      version: 'v1',
      kind: 'FlowSchema',
      schema: FlowSchemaSchema,
    },
  ],
  subresources: {
    status: true,
  },
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    { name: 'PriorityLevel', value: (schema) => schema.spec.priorityLevelConfiguration.name },
    {
      name: 'MatchingPrecedence',
      type: 'integer',
      value: (schema) => schema.spec.matchingPrecedence,
    },
    {
      name: 'DistinguisherMethod',
      value: (schema) => schema.spec.distinguisherMethod?.type ?? '<none>',
    },
    ageColumn,
    {
      name: 'MissingPL',
      value: (schema) =>
        schema.status.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
    },
  ],
})
export type FlowSchema = Whole<typeof FlowSchemaSchema>
export type FlowSchemaInput = InputObjectOf<typeof FlowSchema>
